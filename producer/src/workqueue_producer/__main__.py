"""`python -m workqueue_producer`, the same as the console script."""

import sys

from workqueue_producer.cli import main

if __name__ == "__main__":
    sys.exit(main())
