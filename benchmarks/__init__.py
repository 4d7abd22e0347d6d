"""tfsetup side by side with its peers in one run, as ratios: seconds differ from machine to machine, ratios less."""
