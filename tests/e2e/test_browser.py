"""The tool that looks at pages: what it finds inside of shadow roots, and what it reports."""

from pathlib import Path

import pytest

from scripts.tooling.browser import visit

PAGE = """<!doctype html><meta charset="utf-8"><title>x</title>
<my-card></my-card><div hidden>Secret</div>
<script>
customElements.define('my-card', class extends HTMLElement {
  connectedCallback() {
    const root = this.attachShadow({ mode: 'open' });
    root.innerHTML = '<div style="height: 2000px"></div><label>Queue <input></label><button>Pause</button>';
    root.querySelector('button').onclick = () => {
      root.querySelector('button').textContent = 'Paused ' + root.querySelector('input').value;
      console.error('clicked');
      setTimeout(() => { throw new Error('broken') });
    };
  }
});
</script>"""


@pytest.fixture
def page(tmp_path: Path) -> str:
    """A page whose texts are inside of a shadow root, and partly below the window."""
    file = tmp_path / "page.html"
    file.write_text(PAGE, encoding="utf-8")
    return file.as_uri()


def test_acts_inside_of_shadow_roots(page: str, tmp_path: Path) -> None:
    """Clicks and keys are real ones; hidden texts are not seen; errors of the page are told."""
    picture = tmp_path / "picture.png"
    seen = visit(
        [
            {"do": "goto", "url": page},
            {"do": "click", "selector": "input"},
            {"do": "type", "text": "ocr"},
            {"do": "click", "text": "Pause", "exact": True},
            {"do": "see", "text": "Paused ocr"},
            {"do": "gone", "text": "Secret"},
            {"do": "text"},
            {"do": "screenshot", "path": str(picture)},
        ]
    )
    assert "Paused ocr" in seen.results[6]
    assert "Secret" not in seen.results[6]
    assert {entry["level"] for entry in seen.console} == {"error", "exception"}
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_says_what_it_saw_instead(page: str, tmp_path: Path) -> None:
    """A step that fails names itself, the page's text, and leaves a picture."""
    picture = tmp_path / "failed.png"
    with pytest.raises(Exception, match=r"(?s)Resume is shown.*Pause"):
        visit(
            [
                {"do": "goto", "url": page},
                {"do": "see", "text": "Resume", "timeout": 500},
            ],
            failed_picture=picture,
        )
    assert picture.is_file()
