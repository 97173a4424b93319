"""How values are written."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from explorer.bitcoin.amounts import satoshis
from explorer.bitcoin.models import BlockStats, Input, MempoolEntry
from explorer.chain.transactions import PER_PAGE
from explorer.web import filters, times

MAX_MONEY = 21_000_000 * 100_000_000
NOW = 1_713_571_767  # 2024-04-20 00:09:27 UTC


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0|.00000000"),
        (1, "0.00000001"),
        (50_000_000, "0.5|0000000"),
        (5_000_000_000, "50|.00000000"),
        (123_456_789_012, "1,234.56789012"),
        (MAX_MONEY, "21,000,000|.00000000"),
        (-150_000_000, "−1.5|0000000"),
    ],
)
def test_amounts_have_eight_decimals_and_the_zeros_at_their_end_marked(amount: int, text: str) -> None:
    head, _, zeros = text.partition("|")
    assert str(filters.coins(amount)) == (f'{head}<span class="zeros">{zeros}</span>' if zeros else head)


@given(st.integers(0, MAX_MONEY))
def test_no_amount_loses_a_satoshi(amount: int) -> None:
    assert satoshis(Decimal(filters.coins(amount).striptags().replace(",", ""))) == amount


def test_units_stand_small_beside_the_number() -> None:
    assert filters.amount(150_000_000).striptags() == "1.50000000 BTC"
    assert filters.sats(1_234) == Markup('1,234 <small class="unit">sat</small>')
    assert filters.exact(1_624_321, "WU").striptags() == "1,624,321 WU"


@pytest.mark.parametrize("write", [filters.coins, filters.amount, filters.rate, filters.number, filters.percent])
@pytest.mark.parametrize("name", ["number", "size", "vsize", "weight"])
def test_what_the_node_cannot_know_reads_not_known(write: object, name: str) -> None:
    assert callable(write)
    assert write(None) == getattr(filters, name)(None) == filters.not_known()
    assert filters.exact(None, "B") == filters.not_known()


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0, "0"), (1, "1"), ("1.50", "1.5"), ("9.49", "9.49"), ("10.34", "10.3"), ("99.96", "100"), (1_234, "1,234")],
)
def test_fee_rates_show_the_digits_that_matter(rate: int | str, text: str) -> None:
    assert filters.rate_number(Decimal(rate)) == text


def test_the_rate_of_a_package_is_that_of_its_fees_and_sizes_together() -> None:
    entry = MempoolEntry(NOW, 2, 500, 9_000, 1, False, (), ())
    assert filters.package_rate(entry) == Decimal("18.00")


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.00 kB"),
        (9_994, "9.99 kB"),
        (9_995, "10.0 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (1_624_321, "1.62 MB"),
        (620_123_456_789, "620 GB"),
        (4_000_000_000_000_000, "4,000 TB"),
    ],
)
def test_sizes_have_three_digits(size: int, text: str) -> None:
    assert filters.size(size) == text


def test_virtual_sizes_and_weights_have_their_own_units() -> None:
    assert filters.vsize(141) == "141 vB"
    assert filters.vsize(6_213_444) == "6.21 MvB"
    assert filters.weight(3_998_452) == "4.00 MWU"


def test_a_hundred_percent_is_the_whole_and_nothing_less() -> None:
    assert [filters.percent(part) for part in (0, 0.5, 0.9999, 1, 1.2)] == ["0.0%", "50.0%", "99.9%", "100%", "100%"]


@pytest.mark.parametrize(
    ("difficulty", "text"),
    [
        ("1", "1"),
        ("4.656542373906925E-10", "4.66 × 10⁻¹⁰"),
        ("0.5", "0.50"),
        ("16307.42", "16.31 k"),
        ("86388558925171.02", "86.39 T"),
        ("999999", "1 M"),
        ("5e30", "5,000,000,000 Z"),
    ],
)
def test_difficulties_of_any_size_are_short(difficulty: str, text: str) -> None:
    assert filters.difficulty(Decimal(difficulty)) == text


def test_versions_are_eight_hexadecimal_digits() -> None:
    assert filters.hex32(1) == "0x00000001"
    assert filters.hex32(-1) == "0xffffffff"  # Core gives a version as a signed number


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (0, "just now"),
        (59, "just now"),
        (-59, "just now"),
        (60, "1 minute ago"),
        (3_599, "59 minutes ago"),
        (3_600, "1 hour ago"),
        (86_399, "23 hours ago"),
        (50 * 86_400, "50 days ago"),
        (61 * 86_400, "2 months ago"),
        (366 * 86_400, "1 year ago"),
        (16 * 31_557_600, "16 years ago"),
        (-7_200, "in 2 hours"),
    ],
)
def test_ages_are_told_in_words_with_the_time_beneath(passed: int, words: str) -> None:
    age = times.age(NOW - passed, NOW)
    assert age.striptags() == words
    if not passed:
        assert age.startswith('<time datetime="2024-04-20T00:09:27Z" title="2024-04-20 00:09:27 UTC">')


def test_times_are_utc_and_say_so() -> None:
    assert times.clock(1_231_006_505).striptags() == "2009-01-03 18:15:05 UTC"
    assert times.moment(1_231_006_505) == "2009-01-03 18:15:05"
    assert times.moment(0xFFFFFFFF) == "2106-02-07 06:28:15"  # the last time that a header can hold


@given(st.text())
def test_a_shortened_id_is_still_there_whole_and_escaped(text: str) -> None:
    for written in (filters.short(text), filters.chunks(text)):
        bare = re.sub(r'<(span class="(id|chunks)"|/?span|/?b)>', "", written)
        assert "<" not in bare
        assert unescape(bare) == text


def test_an_id_keeps_its_last_eight_characters() -> None:
    assert filters.short("0123456789abcdef") == Markup('<span class="id"><span>01234567</span>89abcdef</span>')


def test_scripts_have_the_names_that_people_use() -> None:
    assert filters.script("witness_v1_taproot").striptags() == "Taproot"
    assert filters.script("<new>").endswith(">&lt;new&gt;</abbr>")


def test_names_of_networks_and_nodes_read_well() -> None:
    assert filters.network_name("main") == "Mainnet"
    assert filters.network_name("newnet") == "newnet"
    assert filters.user_agent("/Satoshi:29.3.0/Knots:20260508/") == "Satoshi 29.3.0 Knots 20260508"


def test_long_witnesses_are_told_apart() -> None:
    assert not filters.has_long_witness(Input(0, witness=("ab" * 250, "cd" * 250)))
    assert filters.has_long_witness(Input(0, witness=("ab" * 250, "cd" * 251)))


@pytest.mark.parametrize(
    ("page", "pages", "numbers"),
    [
        (1, 1, [1]),
        (1, 3, [1, 2, 3]),
        (1, 9, [1, 2, None, 9]),
        (4, 9, [1, 2, 3, 4, 5, None, 9]),
        (5, 9, [1, None, 4, 5, 6, None, 9]),
        (9, 9, [1, None, 8, 9]),
    ],
)
def test_pagers_show_the_ends_and_the_neighbours(page: int, pages: int, numbers: list[int | None]) -> None:
    assert filters.page_numbers(page, pages) == numbers


def test_outputs_are_found_on_their_page() -> None:
    assert filters.output_anchor(0) == "#out-0"
    assert filters.output_anchor(PER_PAGE - 1) == f"#out-{PER_PAGE - 1}"
    assert filters.output_anchor(PER_PAGE) == f"?page=2#out-{PER_PAGE}"
    assert filters.output_anchor(2 * PER_PAGE + 1, 840_000) == f"?block=840000&page=3#out-{2 * PER_PAGE + 1}"


def test_a_fee_rate_of_a_blocks_statistics_says_what_the_node_cut_off() -> None:
    stats = BlockStats(5_000_000_000, 200, (0, 0, 0, 1, 2), 0, 2, 10, 2, 3)
    assert [filters.floored(rate, stats) for rate in stats.fee_rates] == ["< 1", "< 1", "< 1", "1", "2"]
    assert str(filters.floored_rate(0, stats)) == '&lt; 1 <small class="unit">sat/vB</small>'
    assert filters.floored(0, replace(stats, total_fees=0)) == "0"
    assert "not known" in str(filters.floored_rate(None, None))


@pytest.mark.parametrize(("script_hex", "long"), [("", False), (None, False), ("00" * 500, False), ("00" * 501, True)])
def test_a_long_script_is_linked_to(script_hex: str | None, long: bool) -> None:
    assert filters.is_long_script(script_hex) is long
