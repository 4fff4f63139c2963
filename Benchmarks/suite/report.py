"""The measurements as Markdown."""

from . import backups


def markdown(results):
    parts = [heading(results)]
    if results.get("load"):
        parts += [load_table(results["load"]), durability_note(results), start_table(results)]
    if results.get("bulk"):
        parts.append(bulk_table(results["bulk"]))
    if results.get("backups"):
        parts.append(backups.table(results["backups"]))
    if results.get("scale"):
        parts.append(scale_table(results["scale"]))
    return "\n\n".join(parts)


def heading(results):
    machine = results["machine"]
    return (
        f"{machine['date']}, {' and '.join(results['versions'])}. "
        f"{machine['processor']}, {machine['cores']} cores, {machine['memoryGiB']} GiB, {machine['system']}, "
        f"{machine['fileSystem']}; wrk with 32 connections on the same machine, "
        f"{results['rounds']} rounds of {results['seconds']} s in turns, medians.")


def load_table(load):
    lines = ["| work | server | CPU µs per request | requests/s | p50 ms | p99 ms | memory MiB |",
             "|---|---|--:|--:|--:|--:|--:|"]
    for title in dict.fromkeys(entry["work"] for entry in load):
        entries = [entry for entry in load if entry["work"] == title]
        lines += [load_row(entry) for entry in entries]
        if len(entries) == 2:
            lines.append(ratio_row(*entries))
    return "\n".join(lines)


def load_row(entry):
    figures = entry["median"]
    return (f"| {entry['work']} | {entry['server']} | {figures['cpu']:.0f} | {figures['rate']:,.0f} "
            f"| {figures['p50']:.2f} | {figures['p99']:.2f} | {figures['memory']:.0f} |")


def ratio_row(base, other):
    """How many times better the second server is: less CPU, delay and memory, more requests."""
    base, other = base["median"], other["median"]
    better = {key: f"{base[key] / other[key]:.1f}×" for key in ("cpu", "p50", "p99", "memory")}
    rate = f"{other['rate'] / base['rate']:.1f}×"
    return f"| | *times better* | **{better['cpu']}** | **{rate}** | {better['p50']} | {better['p99']} | {better['memory']} |"


def durability_note(results):
    servers = dict((entry["server"], entry["durability"]) for entry in results["load"])
    notes = "; ".join(f"{name}: {durability}" for name, durability in servers.items())
    sync = results["machine"]["fsyncMicroseconds"]
    return f"Creates: {notes}. Syncing one appended page takes {sync:,} µs on this disk."


def start_table(results):
    count = len(results["start"][0]["rounds"])
    tenants = f", Appliance with {results['tenants'] + 1} tenants" if results.get("bulk") else ""
    lines = [f"| start to first answer, median of {count}{tenants} | ms |", "|---|--:|"]
    return "\n".join(lines + [f"| {entry['server']} | {entry['milliseconds']:.0f} |" for entry in results["start"]])


def bulk_table(bulk):
    lines = ["| bulk work, Appliance | seconds | rate |", "|---|--:|--:|"]
    return "\n".join(lines + [f"| {entry['work']} | {entry['seconds']:.2f} | {entry['rate']:,.0f} {entry['unit']} |" for entry in bulk])


def scale_table(scale):
    lines = ["| scale, Appliance | measured | goal | of the goal |", "|---|--:|--:|--:|"]
    return "\n".join(lines + [scale_row(entry) for entry in scale])


def scale_row(entry):
    """At least 100 % means that the goal is reached, whichever way it points."""
    measured = f"{entry['value']:,.{entry['decimals']}f} {entry['unit']}".strip()
    if entry["goal"] is None:
        return f"| {entry['work']} | {measured} | | |"
    sign = "≤" if entry["atMost"] else "≥"
    part = entry["goal"] / entry["value"] if entry["atMost"] else entry["value"] / entry["goal"]
    return f"| {entry['work']} | {measured} | {sign} {entry['goal']:,} {entry['unit']} | {part:.0%} |"
