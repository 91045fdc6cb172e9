"""What the page does in a browser. Run by ``make browser-test``, not by ``make test``."""

import itertools
import re

import pytest

from batchgraph.stages.report import report
from batchgraph.stages.report_options import ReportOptions
from tests.browser.chromium import chromium, chromium_path, visit
from tests.graph.edge_records import UDP
from tests.render.page_results import SECOND, TCP, write_page_of, write_page_results

RAN = "window.ran = (window.ran || 0) + 1"

PAYLOADS = (
    f"<script>{RAN}</script>.pcap",
    f"</script><script>{RAN}</script>",
    f"</style><script>{RAN}</script>",
    f"</title><script>{RAN}</script>",
    f"<img src=x onerror='{RAN}'>",
    f'"><img src=x onerror="{RAN}">',
    f"'><svg onload='{RAN}'>",
    f'" onmouseover="{RAN}" autofocus onfocus="{RAN}" x="',
    f"' onpointerover='{RAN}' x='",
    f"<svg><animate onbegin='{RAN}' attributeName=x dur=1s>",
    f"<details open ontoggle='{RAN}'>",
    "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
    "<iframe src='javascript:parent.ran=1'></iframe>",
    "javascript:window.ran=1",
    f"<a href='javascript:{RAN}' id=main>here</a>",
    "<base href='https://example.invalid/'>",
    "<link rel=stylesheet href='https://example.invalid/x.css'>",
    "<meta http-equiv=refresh content='0;url=https://example.invalid/'>",
    "<form action='https://example.invalid/'><button>go</button></form>",
    "<style>*{display:none}</style>",
    f"<!--<script>{RAN}</script>",
    f"]]><script>{RAN}</script>",
    "$_{x}$.pcap ${window.ran=1} `${window.ran=1}`",
    "{{ 7*7 }} {% raw %} {{ config }}",
    f"\u2028{RAN}//\u2029",
    f"\\u003cscript\\u003e{RAN}\\u003c/script\\u003e",
    "&lt;script&gt;window.ran=1&lt;/script&gt;",
    f"<math><mtext><img src=x onerror='{RAN}'></mtext></math>",
    f"<template><script>{RAN}</script></template><noscript><img src=x onerror='{RAN}'></noscript>",
    f"www.example.com<video><source onerror='{RAN}'></video>",
)

ROWS = [
    *({**UDP, "src": f"10.0.0.{host}", "time": host * SECOND, "wire_len": 100 * host} for host in range(1, 21)),
    {**TCP, "src": "192.0.2.7", "time": 100 * SECOND},
]


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    captures = {"first": ROWS, "second": [{**TCP, "dst": "10.0.0.99", "time": 500 * SECOND}]}
    made = write_page_results(tmp_path_factory.mktemp("results"), captures)
    report(made.root, options=ReportOptions(formats=("svg",)))
    return made


@pytest.fixture
def seen(browser, results):
    visited = visit(browser, results.page)
    yield visited
    visited.page.context.close()


def count_of(page, what):
    return int(page.locator("#network").get_attribute(f"data-{what}"))


def test_page__loads_without_an_error(seen):
    assert seen.errors == []


def test_page__requests_nothing_but_itself(seen, results):
    beyond = [url for url in seen.requests if not url.startswith("data:")]

    assert beyond == [results.page.absolute().as_uri()]


def test_page__map_shows_all_hosts_and_edges(seen):
    assert (count_of(seen.page, "hosts"), count_of(seen.page, "edges")) == (22, 22)


def test_page__map_is_drawn(seen):
    # The edges' layer is read back as a picture: one that is empty would be of one colour.
    shot = seen.page.locator("#network").screenshot()
    blank = seen.page.evaluate("document.querySelectorAll('#network canvas').forEach(c => c.style.visibility='hidden')")
    assert blank is None
    assert seen.page.locator("#network").screenshot() != shot


LABELS = """async () => {
    const drawn = [], from = CanvasRenderingContext2D.prototype, [clear, fill] = [from.clearRect, from.fillText];
    const isOurs = (context) => context.canvas.classList.contains("sigma-labels");
    from.clearRect = function (...box) { if (isOurs(this)) drawn.length = 0; clear.apply(this, box); };
    from.fillText = function (text, x, y) {
        const { width, fontBoundingBoxAscent: up } = this.measureText(text);
        if (isOurs(this)) drawn.push([x, y - 0.75 * up, x + width, y]);
        fill.call(this, text, x, y);
    };
    document.querySelector("[data-zoom=out]").click();
    const { clientWidth, clientHeight } = document.querySelector("#network");
    await new Promise((done) => setTimeout(done, 600));
    return [drawn, clientWidth, clientHeight];
}"""


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    rows = [
        {**UDP, "src": f"2001:db8:1234:5678:9abc:{n}::1", "dst": f"2001:db8::{n % 7}", "time": n * SECOND}
        for n in range(1, 90)
    ]
    made = write_page_results(tmp_path_factory.mktemp("crowd"), {"a": rows})
    write_page_of(made)
    return made


@pytest.mark.parametrize("width", [480, 1280])
def test_page__labels_cover_no_other_and_stay_on_the_map(browser, crowd, width):
    seen = visit(browser, crowd.page, viewport={"width": width, "height": 900})
    boxes, right, bottom = seen.page.evaluate(LABELS)

    assert len(boxes) >= 5
    for (left, top, end, foot), other in itertools.combinations(boxes, 2):
        assert end <= other[0] or other[2] <= left or foot <= other[1] or other[3] <= top
    for left, top, end, foot in boxes:
        assert min(left, top) >= 0
        assert end <= right
        assert foot <= bottom


def test_page__search_finds_a_host_and_shows_its_edges(seen):
    seen.page.fill("#find", "192.0.2")
    seen.page.press("#find", "Enter")

    assert seen.page.inner_text("#panel h3") == "192.0.2.7"
    assert seen.page.locator("#panel tbody tr").count() == 1


def test_page__search_lists_what_it_finds(seen):
    seen.page.fill("#find", "10.0.0.1")

    assert seen.page.locator("#hits button").count() == 11


def test_page__search_says_when_it_finds_nothing(seen):
    seen.page.fill("#find", "nowhere")

    assert "no host" in seen.page.inner_text("#told")


def test_page__a_protocol_can_be_left_out(seen):
    seen.page.uncheck("#kinds label:has-text('UDP') input")

    assert count_of(seen.page, "edges") == 2


def test_page__one_capture_can_be_chosen(seen):
    seen.page.select_option("#pick", label="second")

    assert (count_of(seen.page, "hosts"), count_of(seen.page, "edges")) == (2, 1)


def test_page__a_time_can_be_chosen_by_keys(seen):
    seen.page.focus("#from")
    seen.page.keyboard.press("End")

    assert count_of(seen.page, "edges") == 1
    assert "UTC" in seen.page.inner_text("#chosen")


def test_page__a_time_can_be_chosen_by_dragging(seen):
    seen.page.locator("#timeline").scroll_into_view_if_needed()
    box = seen.page.locator("#timeline").bounding_box()
    seen.page.mouse.move(box["x"] + 1, box["y"] + 50)
    seen.page.mouse.down()
    seen.page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 50)
    seen.page.mouse.up()

    assert 0 < count_of(seen.page, "edges") < 22


def test_page__reset_shows_everything_again(seen):
    seen.page.select_option("#pick", label="second")
    seen.page.click("#reset")

    assert count_of(seen.page, "edges") == 22


def test_page__a_click_on_a_host_of_the_map_shows_it(seen):
    seen.page.fill("#find", "10.0.0.2")
    seen.page.press("#find", "Enter")
    seen.page.keyboard.press("Escape")
    seen.page.wait_for_timeout(300)
    seen.page.locator("#network").scroll_into_view_if_needed()
    box = seen.page.locator("#network").bounding_box()
    # The host found last stands in the middle.
    seen.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    assert seen.page.inner_text("#panel h3").startswith("10.0.0.2")


WRITTEN = """async () => {
    const written = [], from = CanvasRenderingContext2D.prototype, fill = from.fillText;
    from.fillText = function (text, ...place) {
        if (this.canvas.classList.contains("sigma-edgeLabels")) written.push(text);
        fill.call(this, text, ...place);
    };
    const find = document.querySelector("#find");
    find.value = "192.0.2.7";
    find.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
    await new Promise((done) => setTimeout(done, 600));
    return [...new Set(written)].sort();
}"""


def test_page__protocols_of_a_chosen_hosts_edges_are_written_on_the_map(seen):
    # In grey not all colours are told apart.
    assert seen.page.evaluate(WRITTEN) == ["TCP"]


def test_page__bars_of_the_timeline_have_a_texture_with_and_without_script(browser, results):
    fills = []
    for script in (True, False):
        seen = visit(browser, results.page, script=script)
        fills.append(seen.page.locator("#bars .t-UDP").first.evaluate("bar => getComputedStyle(bar).fill"))
        seen.page.context.close()

    assert fills == ['url("#p-UDP")'] * 2


def test_page__keys_move_the_map(seen):
    before = seen.page.locator("#network").screenshot()
    seen.page.focus("#network")
    for _ in range(3):
        seen.page.keyboard.press("+")
    seen.page.wait_for_timeout(400)

    assert seen.page.locator("#network").screenshot() != before


def test_page__tables_sort_by_number(seen):
    seen.page.get_by_role("button", name="Packets sent").first.click()
    cells = seen.page.eval_on_selector_all("#hosts td:nth-child(5)", "all => all.map(cell => Number(cell.dataset.v))")

    assert cells == sorted(cells, reverse=True)
    assert seen.page.locator("#hosts th[aria-sort=descending]").count() == 1


def test_page__tables_sort_the_other_way_at_the_second_click(seen):
    sort = seen.page.locator("#hosts th button", has_text="Address")
    sort.click()
    sort.click()

    assert seen.page.inner_text("#hosts tbody tr:first-child td:first-child") == "192.0.2.7"


def test_page__tables_are_searched(seen):
    seen.page.fill("#hosts .filter input", "192.0")

    assert seen.page.locator("#hosts tbody tr:visible").count() == 1


def test_page__a_link_opens_the_section_of_a_capture(seen):
    seen.page.click("#captures tbody tr:nth-child(2) a")

    assert seen.page.locator("#c2").get_attribute("open") is not None


def test_page__tab_reaches_the_skip_link_first(seen):
    seen.page.keyboard.press("Tab")

    assert seen.page.evaluate("document.activeElement.className") == "skip"


def test_page__every_control_has_a_name(seen):
    names = seen.page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, [role=application]")]
            .filter(e => e.checkVisibility())
            .filter(e => !(e.ariaLabel || e.labels?.length || e.textContent.trim())).map(e => e.outerHTML)"""
    )

    assert names == []


def test_page__every_control_and_table_has_a_name_for_screen_readers(seen):
    seen.page.fill("#find", "192.0.2")
    seen.page.press("#find", "Enter")
    lines = seen.page.locator("body").aria_snapshot().splitlines()
    named = r"- (button|link|textbox|searchbox|combobox|checkbox|slider|radio|radiogroup|img|table)\b"

    assert sum(bool(re.search(named, line)) for line in lines) > 50
    assert [line.strip() for line in lines if re.search(named + '(?! ")', line)] == []


def test_page__without_script_shows_tables_and_the_picture(browser, results):
    seen = visit(browser, results.page, script=False)

    assert seen.page.locator("#picture img").is_visible()
    assert seen.page.locator("#hosts tbody tr").count() == 22
    assert not seen.page.locator("#controls").is_visible()


@pytest.fixture(scope="module")
def without_webgl(browser, results):
    # By the same Playwright: a thread can have one.
    options = {"executable_path": chromium_path(), "args": ["--no-sandbox", "--disable-gpu", "--disable-3d-apis"]}
    started = browser.browser_type.launch(headless=True, **options)
    yield visit(started, results.page)
    started.close()


def test_page__without_webgl_says_so_and_shows_the_picture(without_webgl):
    page = without_webgl.page

    assert "no WebGL" in page.inner_text("#told")
    assert page.locator("#picture img").is_visible()
    assert not page.locator("#network").is_visible()
    assert not page.locator("#swap").is_visible()
    assert without_webgl.errors == []


def test_page__without_webgl_a_host_can_be_found_and_read(without_webgl):
    without_webgl.page.fill("#find", "192.0.2")
    without_webgl.page.press("#find", "Enter")

    assert without_webgl.page.inner_text("#panel h3") == "192.0.2.7"
    assert without_webgl.page.locator("#hosts tbody tr").count() == 22


def test_page__pictures_are_whole(seen):
    widths = seen.page.evaluate(
        """async () => { const all = [...document.querySelectorAll("img")];
            all.forEach(i => { i.loading = "eager"; i.closest("details")?.setAttribute("open", "") });
            await Promise.all(all.map(i => i.decode())); return all.map(i => i.naturalWidth); }"""
    )

    assert len(widths) == 3
    assert min(widths) > 500


@pytest.mark.parametrize("width", [400, 900, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page__is_never_wider_than_the_window(browser, results, width, scheme):
    seen = visit(browser, results.page, viewport={"width": width, "height": 900}, color_scheme=scheme)

    assert seen.page.evaluate("document.documentElement.scrollWidth") == width


def test_page__dark_is_dark(browser, results):
    seen = visit(browser, results.page, color_scheme="dark")
    colour = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert max(map(int, re.findall(r"\d+", colour))) < 64


def test_page__hostile_names_are_inert(browser, tmp_path):
    captures = {f"c{number}": [{**UDP, "src": f"10.0.0.{number + 10}"}] for number in range(len(PAYLOADS))}
    entries = {
        f"c{number}": {
            "path": payload,
            "status": "partial",
            "problems": [{"offset": 1, "what": payload, "kept": payload, "lost": payload}],
            "notes": {"comments": [payload], "n_comments": 1, "names": {f"10.0.0.{number + 10}": [payload]}},
        }
        for number, payload in enumerate(PAYLOADS)
    }
    results = write_page_results(tmp_path, captures, entries=entries)
    write_page_of(results)
    seen = visit(browser, results.page)
    seen.page.fill("#find", "10.0.0")
    for button in seen.page.locator("#hits button").all():
        button.click()
    seen.page.mouse.move(300, 300)
    seen.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")

    assert seen.page.evaluate("window.ran") is None
    assert (seen.errors, seen.dialogs) == ([], [])
    assert [url for url in seen.requests if not url.startswith(("data:", "file:"))] == []
    assert seen.page.locator("#captures tbody a").count() == len(PAYLOADS)
    assert seen.page.locator("iframe, form, base, #captures tbody img").count() == 0


def test_page__policy_stops_what_a_fault_would_let_in(browser, results, tmp_path):
    # The same page with a hole: what would run if an escape were forgotten.
    path = tmp_path / "hole.html"
    hole = f"<script>{RAN}</script><img src=x onerror='{RAN}'><style>body{{display:none}}</style>"
    path.write_bytes(results.page.read_bytes().replace(b"</header>", hole.encode() + b"</header>"))
    seen = visit(browser, path)

    assert seen.page.evaluate("window.ran") is None
    assert seen.page.locator("main").is_visible()
    assert len(seen.errors) >= 3


def test_page__ten_thousand_edges_stay_fluid(browser, tmp_path):
    rows = [
        {**kind, "src": f"10.1.{n // 250}.{n % 250}", "dst": f"10.2.0.{(n * 7 + step) % 250}", "time": n * SECOND}
        for n in range(250)
        for step in range(20)
        for kind in (UDP, TCP)
    ]
    results = write_page_results(tmp_path, {"a": rows})
    write_page_of(results)
    seen = visit(browser, results.page)
    assert (count_of(seen.page, "hosts"), count_of(seen.page, "edges")) == (500, 10_000)

    # By counters: a frame of one filter change, and that the page answers between frames.
    tasks = seen.page.evaluate(
        """async () => {
            const frame = () => new Promise(requestAnimationFrame);
            const box = document.querySelector("#kinds input");
            let frames = 0;
            for (let i = 0; i < 6; i += 1) { box.click(); await frame(); await frame(); frames += 2; }
            return [frames, Number(document.querySelector("#network").dataset.edges)];
        }"""
    )

    assert tasks == [12, 10_000]
    assert seen.errors == []

    # As on a machine that takes long for a frame, whatever this one takes.
    seen.page.evaluate("() => { const now = performance.now(); let n = 0; performance.now = () => now + 500 * n++; }")
    seen.page.focus("#network")
    seen.page.keyboard.press("+")
    seen.page.wait_for_selector("#network[data-slow]")
