"""`zeta doctor`: is everything there that Zeta needs, and if not, what to do."""

from __future__ import annotations

import typer

from zeta_router import __version__
from zeta_router.cli.findings import Finding, host_findings, package_findings
from zeta_router.cli.log_options import StoreOption
from zeta_router.cli.options import HostOption, JsonOption
from zeta_router.cli.output import console, print_json
from zeta_router.cli.store_findings import store_findings
from zeta_router.cli.survey import connections, survey

SIGNS = {"ok": "ok   ", "warning": "note ", "problem": "WRONG"}


def doctor(host: HostOption = None, store: StoreOption = "default", as_json: JsonOption = False) -> None:
    """Find out what is wrong, and what to do.

    Looks at hosts, models, packages and the store. Exit code 2 when something is wrong.
    """
    findings: list[Finding] = []
    for connection in connections(host).values():
        findings.extend(host_findings(connection, survey(connection)))
    findings.extend(package_findings())
    findings.extend(store_findings(store))
    healthy = all(finding.level != "problem" for finding in findings)
    if as_json:
        print_json(
            {
                "zeta": __version__,
                "healthy": healthy,
                "findings": [{"level": f.level, "about": f.about, "what": f.what, "do": f.do} for f in findings],
            }
        )
    else:
        out = console()
        for finding in findings:
            out.print(f"{SIGNS[finding.level]}  {finding.about}: {finding.what}", markup=False, soft_wrap=True)
            if finding.do:
                out.print(f"       → {finding.do}", markup=False, soft_wrap=True)
    if not healthy:
        raise typer.Exit(2)
