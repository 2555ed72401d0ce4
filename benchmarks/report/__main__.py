"""Write the results files as tables into README.md; see `readme.py`."""

from benchmarks.report.readme import main

if __name__ == "__main__":
    main()
