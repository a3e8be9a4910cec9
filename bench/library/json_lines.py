"""A log of small objects, one a line: sorted keys and indentation, text beyond ASCII."""
import json

lines = [json.dumps({"time": 1700000000 + i, "level": "info" if i % 5 else "error", "text": f"Größe {i} geändert\n", "n": [i, i + 1, {"k": True}]},
                    ensure_ascii=bool(i % 2)) for i in range(6000)]
count = 0
for _ in range(3):
    for line in lines:
        entry = json.loads(line)
        if entry["level"] == "error":
            count += len(json.dumps(entry, sort_keys=True, indent=2))
print(count)
