"""What two commands on a bare machine begin with: uv, and an environment for tfsetup itself. The standard library only.

It runs under any Python from 3.8 on, before anything of ours is installed, so nothing here imports tfsetup. Where it
repeats a rule of `installer/tfsetup/ground` (which certificates, which index, which addresses), a test holds the two
equal (tests/unit/bootstrap/test_bootstrap_same_rules.py).
"""
