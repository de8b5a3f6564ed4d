"""The workbook of a call for project proposals: from delivered tables to the answer to a parliamentary question."""
