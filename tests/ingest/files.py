"""Files as shops, logs and public data sets write them, with the role of every column known by eye."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field


def rows(header: str, patterns: str, count: int = 60, mark: str = ",") -> str:
    """A file of columns made by patterns: `u#9` is u and a number to 9, `a|b` one of two, `@` the row's number."""
    draw = random.Random(7)

    def cell(pattern: str, k: int) -> str:
        choice = draw.choice(pattern.split("|")).replace("@", str(k))
        return re.sub(r"#(\d+)", lambda found: str(draw.randint(1, int(found[1]))), choice)

    lines = [mark.join(cell(p, k) for p in patterns.split(mark)) for k in range(count)]
    return "\n".join([header, *lines] if header else lines) + "\n"


@dataclass(frozen=True)
class File:
    """A file, the kind and roles it must be given, the event of rows that name none, and columns marked unsure."""

    text: str
    kind: str
    roles: Sequence[str]
    event: str | None = None
    events: dict[str, str] = field(default_factory=dict)
    unsure: Sequence[str] = ()
    name: str = "file.csv"


FILES = {
    "ratings and clicks": File(
        rows("user_id,item_id,rating,clicks", "#9,#20,#5,#9"), "events", ["user", "item", "rating", "count:click"]
    ),
    "counts of several kinds": File(
        rows("uid,sku,n_views,cart_count,purchases", "#9,#20,#5,#3,#2"),
        "events",
        ["user", "item", "count:view", "count:cart", "count:purchase"],
    ),
    "retailrocket": File(
        rows(
            "timestamp,visitorid,event,itemid,transactionid", "1433221#9#9#9000,#30,view|addtocart|transaction,#40,#50"
        ),
        "events",
        ["time:epoch_ms", "user", "event", "item", "order"],
        events={"view": "view", "addtocart": "cart", "transaction": "purchase"},
    ),
    "rees46": File(
        rows(
            "event_time,event_type,product_id,brand,price,user_id,user_session",
            "2019-10-0#9 10:11:12 UTC,view|cart|purchase,1#40,samsung|apple,#900.5,#20,8d4-#30",
        ),
        "events",
        ["time:iso", "event", "item", "context", "price", "user", "session"],
        events={"view": "view", "cart": "cart", "purchase": "purchase"},
    ),
    "taobao, events as numbers": File(
        rows("user_id,item_id,behavior_type,user_geohash,time", "#30,#30,#4,,2014-12-1#8 0#9"),
        "events",
        ["user", "item", "event", "ignore", "time:%Y-%m-%d %H"],
        unsure=["behavior_type"],
    ),
    "chinese": File(
        rows("用户ID,商品ID,行为类型,时间", "#9,#30,浏览|加购|购买|收藏,2024-01-1#9 10:00:00"),
        "events",
        ["user", "item", "event", "time:iso"],
        events={"浏览": "view", "加购": "cart", "购买": "purchase", "收藏": "favourite"},
    ),
    "german, decimal commas": File(
        rows("Kunde;Artikelnummer;Bestelldatum;Menge;Einzelpreis", "K#9;A#30;1#9.0#9.2023;#4;#99,50", mark=";"),
        "events",
        ["user", "item", "time:%d.%m.%Y", "quantity", "price"],
        event="purchase",
    ),
    "hm": File(
        rows("t_dat,customer_id,article_id,price,sales_channel_id", "2018-09-1#9,c0ffee#40,01#40,0.0#99,#2"),
        "events",
        ["time:iso", "user", "item", "price", "channel"],
        event="purchase",
        unsure=["t_dat"],
    ),
    "movielens 100k, no header": File(
        rows("", "#30\t#60\t#5\t8812509#49|8812508#99", 200, mark="\t"),
        "events",
        ["user", "item", "rating", "time:epoch_s"],
        unsure=["column1", "column2", "column3", "column4"],
        name="u.data",
    ),
    "orders without items": File(
        rows("order_id,user_id,order_number,order_dow", "10@,#12,#9,#6"),
        "events",
        ["order", "user", "context:number", "context:number"],
        event="purchase",
    ),
    "opened newsletters": File(
        rows("email,product,opened_at", "a#9[at]x.com,p#30,2023-05-1#9T10:00:00+02:00").replace("[at]", "@"),
        "events",
        ["user", "item", "time:iso"],
        event="open",
        unsure=["email"],
    ),
    "only who and what": File(rows("user,item", "a#9,p#30"), "events", ["user", "item"], event="view"),
    "the file's name tells the event": File(
        rows("user,item", "a#9,p#30"), "events", ["user", "item"], event="click", name="clicks_may.csv"
    ),
    "the analyst's own columns": File(
        rows(
            "user,item,event,ts,weather,store,temp,vip",
            "a#9,p#30,view,2024-05-1#9 10:00,rain|sun,S#4,#30.5,true|false",
        ),
        "events",
        ["user", "item", "event", "time:iso", "context", "context", "context:number", "context:boolean"],
        events={"view": "view"},
    ),
    "users": File(
        rows(
            "user_id,email,phone,name,consent_email,sms_opt_in,age,zip,signup_date,is_vip,interests",
            "u@,m@[at]x.org,+44 20 7946 0#9,Ann Lee,yes|no,1|0,#80,0123#9,2023-01-1#9,0|1,art|tea;art|sun;tea",
        ).replace("[at]", "@"),
        "users",
        [
            "user", "contact", "contact", "contact", "consent:email", "consent:sms", "attribute:number", "contact",
            "attribute:iso", "attribute:boolean", "attribute:list",
        ],
    ),
    "kunden": File(
        rows("Kundennummer;Vorname;Umsatz;Einwilligung_Email", "K@;Eva|Max;#99,5;ja|nein", mark=";"),
        "users",
        ["user", "ignore", "attribute:number", "consent:email"],
        unsure=["Vorname"],
    ),
    "items": File(
        rows("sku,title,category,price,color,released", "s@,Item @,A|B|C,#99.5,red|blue,#12/2#8/2020"),
        "items",
        ["item", "title", "category", "price", "attribute", "attribute:%m/%d/%Y"],
    ),
}  # fmt: skip
