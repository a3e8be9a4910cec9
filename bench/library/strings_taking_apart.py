"""Text taken apart: split, strip, replace, find, case, translate."""
line = "  Name: Jane Doe ; Age: 42; City: Zürich;  Note: some longer text with words,and,commas  "
table = str.maketrans("aeiou", "AEIOU")
total = 0
for i in range(40000):
    fields = dict(part.strip().split(": ", 1) for part in line.split(";"))
    total += len(fields["Name"].upper()) + len(fields["Note"].replace(",", ", ")) + line.find("Zürich")
    if fields["Age"].isdigit():
        total += int(fields["Age"])
    if line.strip().startswith("Name") and "City" in line:
        total += len(line.translate(table)) if i % 10 == 0 else line.count(";")
print(total)
