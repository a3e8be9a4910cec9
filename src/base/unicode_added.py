"""What Unicode 15.1 added to 15.0: the database of the distribution may have either."""

NAMES = {0x2FFC + i: "IDEOGRAPHIC DESCRIPTION CHARACTER " + name for i, name in enumerate(
    ("SURROUND FROM RIGHT", "SURROUND FROM LOWER RIGHT", "HORIZONTAL REFLECTION", "ROTATION"))}
NAMES[0x31EF] = "IDEOGRAPHIC DESCRIPTION CHARACTER SUBTRACTION"
IDEOGRAPHS = (0x2EBF0, 0x2EE5D)
# Numbers that ideographs have since.
NUMBERS = {0x4E24: 2, 0x4EAC: 10 ** 16, 0x4FE9: 2, 0x5006: 2, 0x5146: 10 ** 6, 0x62D0: 7, 0x6D1E: 0, 0x7695: 200, 0x79ED: 10 ** 9,
           0x920E: 9, 0x94A9: 9}
