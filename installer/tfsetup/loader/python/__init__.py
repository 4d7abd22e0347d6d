"""What Python itself does before and around a `dlopen`: distributions, modules, importers."""
