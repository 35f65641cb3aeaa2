"""`python -m brightkitchen` is the same as `brightkitchen`."""

import sys

from brightkitchen.bootstrap.main import main

sys.exit(main())
