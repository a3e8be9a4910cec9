"""Records as a service sends and gets them: objects of strings, numbers and lists, out and in again."""
import json

records = [{"id": i, "name": f"user {i}", "tags": ["a", "b", "long tag with words"], "score": i * 1.25, "active": i % 3 == 0,
            "parent": None, "address": {"street": "Main Street 5", "zip": str(10000 + i), "geo": [i / 7, -i / 9]}} for i in range(1000)]
total = 0
for _ in range(12):
    text = json.dumps(records)
    back = json.loads(text)
    total += len(text) + len(back)
assert back == records
print(total)
