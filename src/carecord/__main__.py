"""`python -m carecord` is the `carecord` command."""

from carecord.cli.main import main

main()
