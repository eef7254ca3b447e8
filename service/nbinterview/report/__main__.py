"""`python -m nbinterview.report`: what the supervisor starts."""

from nbinterview.report.app import main

if __name__ == "__main__":
    main()
