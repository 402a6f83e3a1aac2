"""`python -m imagelib` is the command line."""

from imagelib.cli import main

if __name__ == "__main__":
    main()
