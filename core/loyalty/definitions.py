"""What each figure of loyalty means, in the words that pages, hovers and the command line use."""

from __future__ import annotations

DEFINITIONS: dict[str, str] = {
    "repeat": (
        "Repeat rate: of the known users with an order in the period, the share with two or more. Orders are counted,"
        " never their lines: an order is an order number of a user or, without one, all that the user bought on a day."
    ),
    "orders": "Buyers by how many orders they placed in the period.",
    "fair": (
        "Buyers by the month of their first order, and the share of them who placed a second one within so many days of"
        " it. Only buyers whose first order lies at least so long back are counted, so that each had the same time:"
        " the plain repeat rate makes the newest buyers look disloyal. Pale: a part of the month's buyers only."
    ),
    "again": (
        "Share of pauses that end in another order within so many days, by the product limit of Kaplan and Meier:"
        " pauses that still go on count for as long as they have lasted. A pause lies between two days with an order;"
        " orders of one day are none. The 95 % interval takes each pause as a case of its own."
    ),
    "pauses": (
        "Days between one day with an order and the same user's next. Blue: ended with an order. Grey: going on"
        " at the end of the period, so far. Of the ended ones alone a quarter was shorter than the first quartile; they"
        " make waiting look shorter than it is, since the long pauses have not ended yet."
    ),
    "by_number": (
        "Pauses after a user's 1st, 2nd, 3rd day with an order in the period, and so on. Ordered again: by the product"
        " limit, pauses that go on included."
    ),
    "requirements": (
        "Share of requirements (SCR): of all that the buyers of a category bought here, the share that went to it, net"
        " of returns. Only buyers: 100 % would mean that they bought nothing else. It knows this shop's data alone."
    ),
    "wallet": (
        "Share of wallet: what a user bought here, net of returns, as a share of what they spend on such things"
        " altogether. That total cannot be seen in a shop's own data: it comes from the column chosen."
    ),
    "stages": (
        "Buyers by stage at the end of each month. The limits between the stages are settled once, at the end of the"
        " period, and held at every month, so that a move is the buyer's own."
    ),
    "moves": (
        "Of the buyers in a stage at the end of a month, the share in each stage a month later, over all whole months"
        " together. Interval: 95 %; a buyer who counts in many months is taken as one."
    ),
    "outlook": (
        "If each month goes on as the average month so far: where today's buyers would stand, and how many new ones"
        " would have joined. A thought experiment, not a forecast: it takes a buyer's next month to hang on the present"
        " stage alone, and seasons and campaigns to stay as they were."
    ),
    "score": (
        "0 to 100: the weighted mean of its parts. Each part is a buyer's rank among all buyers, 0 lowest, 1 highest;"
        " equal buyers get the same, middle rank. What is not known of a buyer is left out; the rest counts for more."
    ),
    "recency": "Recency: days since the last order; fewer rank higher.",
    "rhythm": (
        "Rhythm: how likely a pause at least as long as the present one is, seen from the buyer's own pauses; with few"
        " orders the shop's pauses count for more. Likelier, so nothing unusual, ranks higher."
    ),
    "breadth": "Breadth: how many different categories (without categories: items) the buyer has bought.",
    "tenure": "Tenure: days since the first order; more rank higher.",
    "value": "Value: purchases less returns, in the currency of the file.",
    "advocacy": "Advocacy: shares, comments, reviews, ratings and referrals by the buyer.",
    "check": (
        "The score as it stood at an earlier date, from what was known then, against what buyers did after it. Ordered"
        " again: share with at least one order after that date; interval 95 %."
    ),
    "auc": (
        "Of two buyers, one who ordered again and one who did not: how often the score ranks the first one higher."
        " 50 % is chance, 100 % perfect. Interval: 95 % (DeLong)."
    ),
    "slipping": (
        "Buyers with at least three days with orders whose present pause is unusual for themselves: by their own"
        " rhythm, only so many of 100 pauses would last so long. How long pauses are is each buyer's own, leaning on"
        " the shop's where they have few; how regular they are is taken from the shop (a gamma distribution)."
    ),
    "stake": "At stake: what the buyer spent per 30 days while ordering in their usual rhythm, net of returns.",
}
