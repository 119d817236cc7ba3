# SPDX-License-Identifier: MIT
# Copyright (C) 2026 the ibkr-agent-gateway authors
"""An oracle for limits: random policies and orders, judged by fractions.

Written from the specification (reference 7.3, ruling 10) and not from
limits.c; both must refuse the same rules with the same codes.  Usage:
limits-oracle.py PROGRAM [CASES [SEED]]; PROGRAM judges lines on stdin.
"""

import json
import random
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

NS = 10**9
MISSING = "LIVE_MARKET_SNAPSHOT_MISSING"
CURRENCY = "LIVE_NOTIONAL_CURRENCY_REFUSED"


def num(text):
    return Fraction(Decimal(text))


class Oracle:
    """One case; refused is the list of "rule=CODE" in order."""

    def __init__(self, case):
        self.policy = case["policy"]
        self.order = case["order"]
        self.quote = case.get("quote")
        self.case = case
        self.refused = []

    def refuse(self, rule, code):
        self.refused.append(f"{rule}={code}")

    def opposite(self):
        """The price that the order would meet, or None."""
        q = self.quote
        if q is None or not q.get("known", True):
            return None
        if q.get("currency", "") != self.order["currency"]:
            return None
        text = q.get("ask" if self.order["side"] == "buy" else "bid")
        if text is None or num(text) <= 0:
            return None
        return num(text)

    def offset(self, price):
        if "amount" in self.order:
            return num(self.order["amount"])
        return price * num(self.order["percent"]) / 100

    def price(self):
        """Limit, else the worse of trigger and opposite quote."""
        if "limit" in self.order:
            return num(self.order["limit"])
        met = self.opposite()
        if met is None:
            return None
        if self.order["type"] == "trailing_stop":
            sign = 1 if self.order["side"] == "buy" else -1
            trigger = met + sign * self.offset(met)
        else:
            trigger = num(self.order["stop"])
        return max(trigger, met)

    def factor(self):
        """What one unit of price is worth, or None."""
        if "multiplier" not in self.order and self.order["class"] not in (
            "stock",
            "etf",
        ):
            return None
        return (
            num(self.order["quantity"])
            * num(self.order.get("multiplier", "1"))
            / num(self.order.get("magnifier", "1"))
        )

    def max_notional(self):
        p = self.policy
        if "max_notional" not in p:
            return
        rule = "max_notional"
        if p["max_notional_currency"] != self.order["currency"]:
            return self.refuse(rule, CURRENCY)
        price = self.price()
        if price is None:
            return self.refuse(rule, MISSING)
        factor = self.factor()
        if factor is None or price * factor > num(p["max_notional"]):
            self.refuse(rule, "LIVE_NOTIONAL_LIMIT_REFUSED")

    def reference(self):
        q = self.quote
        if not q.get("realtime", True) or q.get("halted", False):
            return None
        if q.get("currency", "") != self.order["currency"]:
            return None
        bid, ask = num(q.get("bid", "0")), num(q.get("ask", "0"))
        if bid > 0 and ask > 0:
            return (bid + ask) / 2
        last = num(q.get("last", "0"))
        if last > 0 and not q.get("last_is_close", False):
            return last
        return None

    def market(self):
        p = self.policy
        if not p.get("bps") and not p.get("age"):
            return
        if self.quote is None or not self.quote.get("known", True):
            return self.refuse("market_snapshot", MISSING)
        if p.get("age"):
            source = self.quote.get("source_age_ns")
            receipt = self.quote.get("receipt_age_ns", 0)
            if (
                source is None
                or source < -2 * NS
                or max(source, receipt) > p["age"] * NS
            ):
                self.refuse("max_quote_age_seconds", "LIVE_STALE_QUOTE")
        if p.get("bps"):
            self.collar(p["bps"])

    def collar(self, bps):
        rule = "max_price_deviation_bps"
        ref = self.reference()
        if ref is None:
            return self.refuse(rule, MISSING)
        if self.order["type"] == "trailing_stop":
            away = [self.offset(ref)]
        else:
            away = [
                abs(num(self.order[name]) - ref)
                for name in ("limit", "stop")
                if name in self.order
            ]
        if max(away) / ref * 10000 > bps:
            self.refuse(rule, "LIVE_PRICE_COLLAR_REFUSED")

    def trigger(self):
        if self.order["type"] != "stop":
            return
        met = self.opposite()
        if met is None:
            if self.order["mode"] == "live":
                self.refuse("stop_price", MISSING)
            return
        seen = [met]
        if "last" in self.quote and not self.quote.get("last_is_close"):
            seen.append(num(self.quote["last"]))
        stop = num(self.order["stop"])
        if self.order["side"] == "buy":
            reached = max(seen) >= stop
        else:
            reached = min(seen) <= stop
        if reached:
            self.refuse("stop_price", "ORDER_MARKET_TYPE_REFUSED")

    def counts(self):
        p, c = self.policy, self.case
        if c.get("modify"):
            return
        before = c["legs_before"]
        if p.get("window_orders") and (
            c["in_window"] + before >= p["window_orders"]
        ):
            self.refuse("frequency_limit", "LIVE_FREQUENCY_LIMIT_REFUSED")
        if p.get("session_orders") and (
            c["in_session"] + before >= p["session_orders"]
        ):
            self.refuse(
                "session_limit.max_orders_per_session",
                "LIVE_SESSION_ORDER_LIMIT_REFUSED",
            )

    def session_notional(self):
        p, c = self.policy, self.case
        if "session_notional" not in p or "limit" not in self.order:
            return
        rule = "session_limit.max_session_notional"
        code = "LIVE_SESSION_NOTIONAL_LIMIT_REFUSED"
        if p["session_currency"] != self.order["currency"]:
            return self.refuse(rule, CURRENCY)
        factor = self.factor()
        if factor is None:
            return self.refuse(rule, code)
        own = num(self.order["limit"]) * factor
        if c.get("modify") and "held" in c:
            own = max(Fraction(0), own - num(c["held"]))
        if num(c["used"]) + num(c["before"]) + own > num(p["session_notional"]):
            self.refuse(rule, code)

    def judge(self):
        p = self.policy
        if not p["enabled"]:
            self.refuse("enabled", "LIVE_LIMIT_POLICY_DISABLED")
        if self.order["symbol"] not in p["symbols"]:
            self.refuse("allowed_symbols", "LIVE_SYMBOL_REFUSED")
        if self.order["class"] not in p["classes"]:
            self.refuse("allowed_asset_classes", "LIVE_ASSET_CLASS_REFUSED")
        if "max_quantity" in p and num(self.order["quantity"]) > num(
            p["max_quantity"]
        ):
            self.refuse("max_quantity", "LIVE_QUANTITY_LIMIT_REFUSED")
        if self.factor() is None:
            self.refuse("multiplier", "LIVE_NOTIONAL_LIMIT_REFUSED")
        self.max_notional()
        self.market()
        self.trigger()
        self.counts()
        self.session_notional()
        return self.refused


class Maker:
    """Random cases, most of them near an edge."""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def text(self, value):
        """A decimal that value is, or is close to."""
        r = self.r
        scale = r.choice((0, 0, 1, 2, 2, 4, 8, 18))
        whole = int(value * 10**scale) + r.choice((-1, 0, 0, 0, 0, 1))
        whole = max(whole, 1)
        body = str(whole).rjust(scale + 1, "0")
        if not scale:
            return body
        return body[:-scale] + "." + body[-scale:]

    def some(self, chance=0.5):
        return self.r.random() < chance

    def make_order(self):
        r = self.r
        kind = r.choice(
            ("limit", "limit", "limit", "stop", "stop_limit", "trailing_stop")
        )
        order = {
            "mode": r.choice(("live", "live", "paper")),
            "side": r.choice(("buy", "sell")),
            "type": kind,
            "symbol": r.choice(("AAPL", "AAPL", "AAPL", "MSFT", "aapl")),
            "class": r.choice(("stock", "stock", "etf", "future")),
            "currency": r.choice(("USD", "USD", "USD", "USD", "EUR")),
            "quantity": self.text(
                Fraction(r.choice((1, 3, 7, 10, 100)), r.choice((1, 1, 3)))
            ),
        }
        if kind in ("limit", "stop_limit"):
            order["limit"] = self.near_market()
        if kind in ("stop", "stop_limit"):
            order["stop"] = self.near_market()
        if kind == "trailing_stop":
            if self.some():
                order["amount"] = self.text(Fraction(r.choice((1, 5, 6))))
            else:
                order["percent"] = self.text(Fraction(r.choice((1, 5, 6))))
        if self.some(0.4):
            order["multiplier"] = r.choice(("1", "50", "100", "0.1"))
        if self.some(0.3):
            order["magnifier"] = r.choice(("1", "3", "7", "100"))
        return order

    def near_market(self):
        return self.text(
            Fraction(self.r.choice((95, 99, 100, 100, 101, 105, 106, 200)))
        )

    def make_policy(self, order):
        r = self.r
        policy = {
            "enabled": self.some(0.95),
            "symbols": r.choice((["AAPL"], ["AAPL", "MSFT"], [])),
            "classes": r.choice(
                (["stock"], ["stock", "etf"], ["stock", "etf", "future"])
            ),
        }
        size = num(order["quantity"]) * 100
        size *= num(order.get("multiplier", "1"))
        size /= num(order.get("magnifier", "1"))
        if self.some(0.8):
            policy["max_notional"] = self.text(
                size * r.choice((1, 1, Fraction(21, 20), 2, Fraction(1, 2)))
            )
            policy["max_notional_currency"] = r.choice(("USD",) * 9 + ("EUR",))
        if self.some():
            policy["max_quantity"] = self.text(
                num(order["quantity"]) * r.choice((1, 1, 2))
            )
        if self.some(0.7):
            policy["bps"] = r.choice((1, 100, 500, 500, 600, 10000))
        if self.some(0.7):
            policy["age"] = r.choice((1, 30, 30, 900))
        if self.some(0.7):
            policy["window_orders"] = r.randrange(1, 6)
            policy["window_seconds"] = 300
        if self.some(0.7):
            policy["session_orders"] = r.randrange(1, 6)
        if self.some(0.8):
            policy["session_notional"] = self.text(size * r.randrange(1, 5))
            policy["session_currency"] = r.choice(("USD",) * 9 + ("EUR",))
        return policy, size

    def make_quote(self):
        r = self.r
        age = r.choice((0, 1, 30 * NS, 30 * NS + 1, NS, -2 * NS, -2 * NS - 1))
        quote = {
            "known": self.some(0.95),
            "realtime": self.some(0.9),
            "halted": self.some(0.05),
            "last_is_close": self.some(0.2),
            "currency": r.choice(("USD",) * 9 + ("EUR",)),
            "receipt_age_ns": r.choice((0, 0, 0, NS, 30 * NS + 1)),
        }
        if self.some(0.95):
            quote["source_age_ns"] = age
        if self.some(0.9):
            quote["bid"] = r.choice(("99", "99.99", "0", "100"))
        if self.some(0.9):
            quote["ask"] = r.choice(("101", "100.01", "0", "100"))
        if self.some(0.8):
            quote["last"] = r.choice(("100", "99.5", "100.5", "0"))
        return quote

    def make(self):
        r = self.r
        order = self.make_order()
        policy, size = self.make_policy(order)
        case = {
            "order": order,
            "policy": policy,
            "in_window": r.randrange(0, 6),
            "in_session": r.randrange(0, 6),
            "legs_before": r.choice((0, 0, 0, 1, 2)),
            "used": self.text(size * r.randrange(0, 4)),
            "before": r.choice(("0", "0", self.text(size))),
        }
        if self.some(0.9):
            case["quote"] = self.make_quote()
        if self.some(0.2):
            case["modify"] = True
            if self.some(0.8):
                case["held"] = self.text(size * r.choice((1, 2)))
        return case


def main():
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 20261123
    maker = Maker(seed)
    cases = [maker.make() for _ in range(count)]
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run(
        [program, "--judge"], input=lines, capture_output=True, text=True
    )
    got = done.stdout.split("\n")[:-1]
    print("1..2")
    if done.returncode or len(got) != count:
        print(f"# {done.stderr.strip()}")
        print(f"not ok 1 - every case is judged ({len(got)} of {count})")
        return 1
    seen = {}
    for case, line in zip(cases, got):
        want = Oracle(case).judge()
        if line.split() != want:
            print(f"# {json.dumps(case)}")
            print(f"# refused {line}")
            print(f"# expected {' '.join(want)}")
            print("not ok 1 - inv12 limits agree with exact fractions")
            return 1
        for word in want or ["passed"]:
            seen[word] = seen.get(word, 0) + 1
    print(f"# seed {seed}, {count} cases: " + ", ".join(sorted(seen)))
    print("ok 1 - inv12 limits agree with exact fractions")
    # A comparison proves nothing of a rule that never came up.
    rare = [word for word in seen if seen[word] < 20]
    enough = len(seen) >= 19 and not rare
    print(f"# {len(seen)} outcomes" + (f", rare: {rare}" if rare else ""))
    print(("ok" if enough else "not ok") + " 2 - every refusal came up")
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
