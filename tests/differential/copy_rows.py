"""What a client sends in a COPY FROM STDIN: good rows and bad ones, cut anywhere."""

import wire


def messages(rng, text):
    """CopyData messages for a COPY: rows in one piece or many, cut anywhere, one of them bad
    sometimes. The bad message is the one that completes the bad line."""
    if "missing" in text or "nothing" in text:
        return [wire.copy_data(b"whatever\n")] * rng.randint(0, 3)
    comma = b"," if "csv" in text else b"\t"
    columns = 3 if ".k from" in text else 2
    lines = [comma.join([b"%d" % rng.randint(1, 999)] * columns) + b"\n"
             for _ in range(rng.choice([0, 1, 3, 40]))]
    if rng.random() < 0.1:
        wide = b"x" * rng.randint(10000, 200000)
        lines.append(comma.join([b"7", wide, b"8"][:columns]) + b"\n")
    bad_line = rng.choice([b"not a number" + comma + b"1\n", b"5\n",
                           comma.join([b"1"] * 9) + b"\n"])
    if rng.random() < 0.3:
        at = rng.randint(0, len(lines))
        good = [wire.copy_data(line) for line in lines]
        return good[:at] + [wire.copy_data(bad_line, breaks_copy=True)] + good[at:]
    data, pieces = b"".join(lines), []
    while data:
        size = rng.choice([1, 5, 20, 3000, 60000, len(data)])
        pieces.append(wire.copy_data(data[:size]))
        data = data[size:]
    return pieces
