"""What a page says: its marked numbers, its passages without what is not shown, its figures, the names in its tables."""

from analysis.publish.reading import Written, read_page


def test_marked_numbers_are_read_with_key_value_and_what_is_shown():
    page = read_page(
        '<p><a href="#origin-a.b"><data value="4" data-indicator="a.b">four <br>in all</data></a></p>'
        '<table><tr><td><data value="0.5" data-column="t.share">50%</data></td></tr></table><data value="1">x</data>'
    )
    assert page.written == (Written("a.b", "4", "four in all", True), Written("t.share", "0.5", "50%", False))


def test_passages_are_the_blocks_of_the_page_in_their_order_and_cells_apart():
    page = read_page(
        "<body><main><h2>Head</h2><ul><li>One <em>and</em> two<ul><li>below</li></ul></li></ul>"
        "<dl><dt>Term</dt><dd>Said</dd></dl><table><caption>Sums</caption><tr><th>A</th><td>1</td></tr></table>"
        "<figure id='f'><img alt='Seen'><figcaption>Shown</figcaption></figure></main><footer>Foot</footer></body>"
    )
    assert page.passages == ("Head", "One and two", "below", "Term", "Said", "Sums", "Shown")
    assert page.cells == ("A", "1")
    assert page.figures == {"f": "Seen"}


def test_marked_numbers_and_the_annex_of_origins_are_no_words_of_tables():
    page = read_page(
        "<table><tr><th>A</th><td><data value='1' data-column='t.a'>1</data></td></tr>"
        "<tr id='origin-t.a'><th>t.a</th><td>totals@0123456789ab</td></tr></table>"
    )
    assert page.cells == ("A",)


def test_what_is_not_shown_is_not_said():
    page = read_page(
        "<main><nav><p>Contents</p></nav><script>var a;</script><style>p {}</style><!-- note -->"
        "<template><p>t</p></template><p hidden>h</p><span role='tooltip'>tip</span><p>Said</p></main>"
    )
    assert page.passages == ("Said",)


def test_a_break_of_a_line_parts_words_and_a_break_of_a_long_word_does_not():
    assert read_page("<main><p>one<br>two</p></main>").passages == ("one two",)
    assert read_page("<main><p>selection.<wbr>chosen</p></main>").passages == ("selection.chosen",)


def test_columns_are_read_below_the_headings_that_name_them():
    page = read_page(
        "<table><thead><tr><th><a class='origin' href='#origin-t.title'>Title</a></th><th>Kind</th></tr></thead>"
        "<tbody><tr><th scope='row'>A tree</th><td>x</td></tr><tr><th scope='row'>A pond</th><td>y</td></tr></tbody></table>"
        "<table><tbody><tr><th scope='row'>Bare</th></tr></tbody></table>"
        "<table><tbody><tr id='origin-a'><th scope='row'>a</th></tr></tbody></table>"
    )
    assert page.columns == {"t.title": ("A tree", "A pond")}
    assert page.row_headings == ("Bare",)


def test_an_empty_or_broken_page_says_nothing():
    assert read_page("").passages == ()
    assert read_page("<table><tr><td>4").cells == ("4",)
