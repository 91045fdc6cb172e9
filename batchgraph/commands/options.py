"""Every option of the command line: its type, its flag and its help, once.

What the values mean is for the stages' own options to say (`ExtractOptions`, `MergeOptions`, `ReportOptions`), and they
check what is checked here only in part.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def split_commas(value: str) -> tuple[str, ...]:
    """Split an option's value at commas, each part once."""
    return tuple(dict.fromkeys(word.strip() for word in value.split(",") if word.strip()))


CONFIG_ERROR = "batchgraph.config_error"
"""Where a command's context keeps what is wrong with the file of ``--config``."""


def _use_config(ctx: typer.Context, value: Path | None) -> Path | None:
    from batchgraph.commands.config import use_config

    return use_config(ctx, value)


Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT",
        help="Folders, searched for captures by content; capture files; patterns in quotes.",
        show_default=False,
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="The results directory.")]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        "-j",
        metavar="N",
        min=0,
        help="Worker processes; 0: none, all in one process.",
        show_default="one per core",
    ),
]
SchedulerPlace = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="tls://HOST:8786|FILE",
        help="Work on this dask cluster, whose machines share the file system; a file is a scheduler file.",
        show_default=False,
    ),
]
Insecure = Annotated[
    bool,
    typer.Option("--insecure", help="Allow a scheduler of another machine at tcp://, which anybody can listen to."),
]
TlsCa = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Certificate of the cluster's authority.", show_default="dask's configuration"),
]
TlsCert = Annotated[Path | None, typer.Option(metavar="FILE", help="This machine's certificate.", show_default=False)]
TlsKey = Annotated[Path | None, typer.Option(metavar="FILE", help="The key of that certificate.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Do everything again, also what an earlier run finished.")]
Decoder = Annotated[
    Literal["table", "scapy"],
    typer.Option(help="What decodes packets: the protocol table, or scapy (far slower)."),
]
Tunnels = Annotated[
    Literal["inner", "outer"],
    typer.Option(help="Which IP header of a tunnelled packet counts, the innermost or the outermost."),
]
By = Annotated[
    Literal["flow", "packet", "pair"],
    typer.Option(help="What an edge of the graphs is: a flow, one packet, or all packets from one host to another."),
]
Trust = Annotated[
    str,
    typer.Option(
        metavar="sound,repaired,suspect", help="Of which trust packets must be to count, where a capture is damaged."
    ),
]
Formats = Annotated[str, typer.Option("--format", metavar="svg,png,pdf", help="File formats of the maps.")]
BeforeAfter = Annotated[
    bool, typer.Option("--before-after", help="Draw each map twice, side by side: plainly, and with fancy arrows.")
]
Layout = Annotated[
    Literal["stable", "spring"],
    typer.Option(help="Where hosts lie: in the same place on all maps, or laid out for each map by itself."),
]
Top = Annotated[
    int, typer.Option("--top", metavar="N", min=1, help="Hosts with a circle of their own; the others share one.")
]
Group = Annotated[
    Literal["auto", "subnet", "community"],
    typer.Option(help="How the other hosts are folded: into one circle, by network, or by whom they talk to most."),
]
Facet = Annotated[
    Literal["type"] | None,
    typer.Option(help="Also draw a map of each protocol beside each other, for each capture.", show_default=False),
]
MaxExpanded = Annotated[
    int | None,
    typer.Option("--max-expanded", metavar="OCTETS", min=1, help="Read no more of a compressed capture than this."),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=0,
        help="Give up a capture that takes longer; 0: never.",
        show_default="300, and 10 for each MB of it",
    ),
]
MaxMemory = Annotated[
    int,
    typer.Option("--max-memory", metavar="MIB", min=0, help="Give up a capture whose process takes more; 0: never."),
]
Split = Annotated[
    str,
    typer.Option(metavar="256MiB|never", help="Cut captures larger than this into parts, which workers share."),
]
FailOn = Annotated[
    Literal["any", "damaged", "failed", "never"],
    typer.Option(help="Which inputs make the exit code 3: all that are not ok, damaged ones, failed ones, or none."),
]
MaxBad = Annotated[
    str, typer.Option("--max-bad", metavar="N|P%", help="Exit code 3 only where more inputs than this are bad.")
]
MinFiles = Annotated[
    int,
    typer.Option(
        "--require-min-files", metavar="N", min=0, help="Exit code 3 where fewer captures than this are found."
    ),
]
JunitFile = Annotated[
    Path | None,
    typer.Option(
        "--junit", metavar="FILE", help="Write a JUnit report: a test case for each capture.", show_default=False
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output, and all else on standard error.")
]
Annotations = Annotated[
    Literal["github"] | None,
    typer.Option(help="Print what is wrong as annotations of GitHub Actions.", show_default=False),
]
Memory = Annotated[
    str | None,
    typer.Option(metavar="1GiB", help="What each process may hold; more goes to disk.", show_default="no limit"),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no summary, only problems.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks, and what dask's workers say.")]
ResultsFolder = Annotated[
    Path, typer.Argument(metavar="RESULTS", help="The results directory of a finished run.", show_default=False)
]
EdgeKind = Annotated[
    str,
    typer.Option(
        "--by",
        metavar="flow|packet|pair|service|subnet:24,64|mac",
        help="What an edge is: a flow, one packet, all packets from one host to another, all packets of a host with one"
        " service of another, all packets from one network to another, or from one link-layer address to another.",
    ),
]
Window = Annotated[
    str | None,
    typer.Option(metavar="60s", help="For each such window of time by itself; windows begin at multiples since 1970."),
]
GraphFormats = Annotated[str, typer.Option("--format", metavar="graphml,gexf,csv", help="File formats of the graphs.")]
Where = Annotated[
    str,
    typer.Option(metavar="CONDITION", help="Only packets of which this holds, such as 'dport == 443 and load > 0'."),
]
Hosts = Annotated[
    str,
    typer.Option(metavar="ADDRESS,...", help="Only packets with one of these addresses or networks at either end."),
]
Time = Annotated[
    str, typer.Option(metavar="A..B", help="Only packets from time A until before time B (ISO 8601, UTC).")
]
Capture = Annotated[str, typer.Option(metavar="ID", help="The capture, or combined for all.")]
MaxEdges = Annotated[int, typer.Option("--max-edges", metavar="N", min=1, help="Write no more edges than this.")]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="FOLDER", help="Where the graphs go.", show_default="RESULTS/views/<capture>/<by>"
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        "--anonymize",
        metavar="KEYFILE",
        help="Rename all addresses by this key of 32 octets; prefixes stay prefixes.",
        show_default=False,
    ),
]
LabelsFile = Annotated[
    Path | None,
    typer.Option("--labels", metavar="FILE", help="CSV with the columns host, label and, if wanted, capture."),
]
Timeout = Annotated[str, typer.Option(metavar="5m", help="The silence after which a connection is over.")]
Baseline = Annotated[
    Path,
    typer.Argument(
        metavar="BASELINE", help="A results directory, a capture, or a folder of captures.", show_default=False
    ),
]
NewRun = Annotated[
    Path, typer.Argument(metavar="NEW", help="What is compared with it, of the same kinds.", show_default=False)
]
DiffFailOn = Annotated[
    str,
    typer.Option(
        "--fail-on",
        metavar="new-host,volume:50%,...",
        help="What makes the exit code 8: new- or gone- and host, service, pair or protocol; volume:N%; any; never.",
        show_default="all that is new or gone",
    ),
]
AllowFile = Annotated[Path | None, typer.Option("--allow", metavar="FILE", help="TOML file of what may differ.")]
Match = Annotated[
    Literal["address", "mac", "name", "role"],
    typer.Option(help="By what a host is found again in the other run."),
]
MapFile = Annotated[
    Path | None,
    typer.Option(
        "--map", metavar="FILE", help="Draw a map of the differences there: .svg, .png or .pdf.", show_default=False
    ),
]
MarkdownFile = Annotated[Path | None, typer.Option("--markdown", metavar="FILE", help="Write Markdown there.")]
JsonFile = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write JSON there; - is standard output.")
]
JunitReport = Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML there.")]
PolicyFile = Annotated[
    Path | None,
    typer.Argument(metavar="[POLICY]", help="The policy, a TOML file; README.md tells its keys.", show_default=False),
]
Learn = Annotated[bool, typer.Option("--learn", help="Write a policy that the present traffic keeps, as a start.")]
FoldTo = Annotated[
    str,
    typer.Option("--fold", metavar="24,64", help="Learn networks of these prefixes of IPv4 and IPv6, not addresses."),
]
LearntPolicy = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="Where the learnt policy goes.", show_default="standard output"),
]
Again = Annotated[
    list[str] | None,
    typer.Option(
        "--again",
        metavar="INPUT",
        help="The captures: run them again by the same options, and compare every byte. Can be given several times.",
        show_default=False,
    ),
]
Through = Annotated[
    Literal["extract", "merge", "report"],
    typer.Option(help="The last stage that must have been done."),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        is_eager=True,
        callback=_use_config,
        help="Take options from a TOML file, or from the run.json of an earlier run; the command line wins.",
        show_default=False,
    ),
]
