"""What scripts have in common that check many things and tell what is wrong at their end."""
import sys

faults, count = [], 0


def check(what, good):
    global count
    count += 1
    if not good:
        faults.append(what)


def finish(checked):
    """Tells the faults, and how many were `checked`; exits."""
    print("\n".join(faults))
    print(f"{count} {checked}, {len(faults)} faults")
    sys.exit(1 if faults else 0)
