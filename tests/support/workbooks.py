"""Workbooks of a spreadsheet."""

from __future__ import annotations

import csv
import io

import openpyxl


def workbook(sheets: dict[str, str]) -> bytes:
    """A workbook whose sheets have the cells of CSV texts."""
    made = openpyxl.Workbook(write_only=True)
    for name, text in sheets.items():
        sheet = made.create_sheet(name)
        for row in csv.reader(io.StringIO(text)):
            sheet.append(row)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()
