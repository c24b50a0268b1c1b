"""`python -m nsr` is the command `nsr`: for where scripts are not on the path."""

from nsr.cli import main

if __name__ == "__main__":
    main()
