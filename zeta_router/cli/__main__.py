"""`python -m zeta_router.cli` is `zeta`."""

import sys

from zeta_router.cli.app import main

if __name__ == "__main__":  # a process of `zeta bench` imports this file under another name
    sys.exit(main())
