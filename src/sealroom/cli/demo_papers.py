# SPDX-License-Identifier: Apache-2.0
"""The papers of the demo, drawn on the spot: a term sheet and a forecast as PDF, a floor plan as PNG. All of it is made up."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw
from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.shapes import Drawing
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

_TERMS = [
    ("Issuer", "Example Company Ltd"),
    ("Instrument", "Series A preferred shares"),
    ("Amount", "4,000,000"),
    ("Valuation before the round", "16,000,000"),
    ("Liquidation preference", "1x, non-participating"),
    ("Board", "Two seats for founders, one for the investors, one independent"),
    ("Information rights", "Monthly figures, audited accounts once a year"),
    ("Exclusivity", "45 days from signing"),
    ("Validity", "This offer ends 30 days after it was sent"),
]
_CLAUSES = [
    (
        "Conditions",
        "Closing depends on the review of the books, on signed agreements with the key staff, and on no material change.",
    ),
    ("Confidentiality", "The parties keep the existence and the contents of these terms to themselves and to their advisers."),
    ("Costs", "Each party bears its own costs. The company pays the reasonable costs of one adviser of the investors at closing."),
    ("Binding effect", "Confidentiality, exclusivity and costs bind the parties. All other terms state what they intend."),
]
_FIGURES = [
    ("", "Year 1", "Year 2", "Year 3", "Year 4"),
    ("Revenue", 1200, 2650, 4900, 8100),
    ("Cost of sales", 420, 880, 1530, 2390),
    ("People", 1350, 1900, 2600, 3450),
    ("Other", 310, 420, 560, 720),
    ("Result", -880, -550, 210, 1540),
]


def term_sheet() -> bytes:
    """Two pages of terms."""
    styles = getSampleStyleSheet()
    story: list[Flowable] = [
        Paragraph("Term sheet", styles["Title"]),
        Paragraph("Made up for the demo", styles["Italic"]),
        Spacer(1, 8 * mm),
    ]
    rows = [[Paragraph(name, styles["BodyText"]), Paragraph(text, styles["BodyText"])] for name, text in _TERMS]
    story += [_table(rows, [55 * mm, 110 * mm]), PageBreak()]
    for number, (title, text) in enumerate(_CLAUSES, start=1):
        story += [Paragraph(f"{number}. {title}", styles["Heading3"]), Paragraph(text, styles["BodyText"]), Spacer(1, 4 * mm)]
    return _pdf(story)


def forecast() -> bytes:
    """A table of figures and a chart of them."""
    styles = getSampleStyleSheet()
    drawing, chart = Drawing(165 * mm, 80 * mm), VerticalBarChart()
    chart.x, chart.y, chart.width, chart.height = 12 * mm, 8 * mm, 150 * mm, 65 * mm
    chart.data = [list(_FIGURES[1][1:]), list(_FIGURES[5][1:])]
    chart.categoryAxis.categoryNames = list(_FIGURES[0][1:])
    chart.bars[0].fillColor, chart.bars[1].fillColor = colors.HexColor("#2f5d62"), colors.HexColor("#c8a45c")
    drawing.add(chart)
    rows = [[str(cell) if isinstance(cell, str) else f"{cell:,}" for cell in row] for row in _FIGURES]
    story: list[Flowable] = [
        Paragraph("Forecast, in thousands", styles["Title"]),
        _table(rows, [45 * mm] + [30 * mm] * 4),
        Spacer(1, 10 * mm),
        Paragraph("Revenue and result", styles["Heading3"]),
        drawing,
    ]
    return _pdf(story)


def floor_plan() -> bytes:
    """Rooms as lines."""
    image = Image.new("RGB", (1400, 900), "white")
    draw = ImageDraw.Draw(image)
    for box in [(80, 80, 1320, 820), (80, 80, 560, 460), (560, 80, 980, 460), (980, 80, 1320, 820), (80, 460, 700, 820)]:
        draw.rectangle(box, outline="#23313a", width=8)
    for place, name in {
        (250, 250): "Board room",
        (700, 250): "Archive",
        (1080, 430): "Laboratory",
        (300, 620): "Open space",
    }.items():
        draw.text(place, name, fill="#23313a", font_size=36)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _table(rows: list[list[object]] | list[list[str]], widths: list[float]) -> Table:
    table = Table(rows, colWidths=widths)
    table.setStyle(
        TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.5, colors.HexColor("#c9d1d5")), ("VALIGN", (0, 0), (-1, -1), "TOP")])
    )
    return table


def _pdf(story: list[Flowable]) -> bytes:
    out = io.BytesIO()
    SimpleDocTemplate(out, pagesize=A4, leftMargin=22 * mm, rightMargin=22 * mm, invariant=1).build(story)
    return out.getvalue()
