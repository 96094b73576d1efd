"""English: words of like and of opposite meaning, grammar, and sentences with a gap. `right | wrong, wrong, wrong`."""

SYNONYMS = """
begin: start | finish, carry, watch
large: big | narrow, empty, quiet
quick: fast | heavy, late, warm
happy: glad | tired, angry, hungry
choose: pick | lose, push, hide
shut: close | lift, break, clean
ill: sick | rich, busy, young
reply: answer | question, travel, order
present: gift | garden, receipt, market
error: mistake | reason, promise, number
journey: trip | village, bridge, ticket
purchase: buy | sell, borrow, repair
silent: quiet | bright, crowded, sharp
repair: fix | paint, throw, measure
wealthy: rich | proud, brave, thirsty
difficult: hard | common, early, soft
frightened: scared | bored, polite, asleep
assist: help | refuse, forget, follow
road: street | river, roof, field
rescue: save | blame, visit, guess
intelligent: clever | lonely, careless, elderly
enormous: huge | ancient, gentle, hollow
vanish: disappear | arrive, complain, improve
odd: strange | regular, recent, popular
gather: collect | scatter, deliver, divide
brave: courageous | jealous, nervous, selfish
permit: allow | forbid, postpone, admire
correct: right | distant, secret, cheap
finish: complete | attempt, plan, delay
shout: yell | whisper, listen, yawn
"""

OPPOSITES = """
hot: cold | wet, dry, round
early: late | fast, long, near
empty: full | deep, clean, flat
loud: quiet | rude, hard, tall
expensive: cheap | useful, modern, famous
strong: weak | slim, rough, calm
win: lose | play, score, train
arrive: leave | stay, wait, meet
north: south | east, map, coast
always: never | often, soon, twice
remember: forget | remind, believe, study
push: pull | drop, hold, turn
dark: light | black, night, blind
sharp: blunt | thick, metal, short
wide: narrow | high, open, broad
above: below | behind, beside, inside
increase: decrease | measure, compare, repeat
guilty: innocent | ashamed, violent, honest
polite: rude | formal, patient, silent
borrow: lend | steal, keep, own
ancient: modern | famous, ruined, royal
victory: defeat | battle, peace, prize
rough: smooth | hard, cold, thin
entrance: exit | window, stairs, ticket
permanent: temporary | frequent, early, secure
rise: fall | stand, shine, grow
generous: mean | poor, kind, busy
awake: asleep | alone, aware, away
accept: refuse | receive, expect, admit
public: private | social, local, popular
"""

GRAMMAR = {
    "past tense": """
Yesterday we ___ to the beach.: went | go, gone, going
She ___ a letter to her aunt last week.: wrote | write, written, writes
The bell ___ at noon yesterday.: rang | ring, rung, rings
He ___ the window by accident last night.: broke | break, broken, breaking
I ___ my keys an hour ago.: found | find, finding, finds
They ___ the whole cake at the party yesterday.: ate | eat, eaten, eating
The river ___ over last winter.: froze | freeze, frozen, freezes
My uncle ___ me to swim two summers ago.: taught | teach, teaching, teaches
We ___ a strange noise during the night.: heard | hear, hearing, hears
The plane ___ over the mountains this morning.: flew | fly, flown, flies
She ___ her umbrella on the bus yesterday.: left | leave, leaving, leaves
He ___ up early every day last week.: woke | wake, woken, waking
They ___ a new house in 1998.: built | build, building, builds
The teacher ___ a map on the board yesterday.: drew | draw, drawn, draws
I ___ him the truth last Friday.: told | tell, telling, tells
""",
    "agreement": """
My brother ___ in a bank.: works | work, working, are working
The children ___ in the garden now.: are playing | is playing, plays, was playing
There ___ three apples on the table.: are | is, am, be
Each of the rooms ___ a window.: has | have, are having, having
Neither answer ___ right.: is | are, were, be
The news ___ good today.: is | are, were, have been
My parents ___ tea every afternoon.: drink | drinks, drinking, is drinking
Nobody ___ the answer.: knows | know, knowing, are knowing
The list of names ___ on the desk.: is | are, were, be
These shoes ___ too small for me.: are | is, was, am
Every student ___ to bring a pencil.: needs | need, needing, are needing
The dog and the cat ___ asleep.: are | is, was, be
He ___ like coffee.: doesn't | don't, isn't, aren't
One of my friends ___ in Spain.: lives | live, living, are living
It ___ a lot in autumn.: rains | rain, raining, are raining
""",
    "preposition": """
The meeting begins ___ nine o'clock.: at | in, on, to
My birthday is ___ June.: in | at, on, by
We do not work ___ Sundays.: on | in, at, for
She has lived here ___ 2010.: since | for, during, from
They waited ___ two hours.: for | since, at, during
He is afraid ___ spiders.: of | from, with, by
I am interested ___ music.: in | on, at, for
She is good ___ drawing.: at | in, for, with
The book was written ___ a young doctor.: by | from, with, of
He apologised ___ being late.: for | of, from, to
We depend ___ the weather.: on | of, from, at
Please listen ___ the teacher.: to | at, on, of
The soup smells ___ garlic.: of | from, at, to
She is married ___ a pilot.: to | with, by, of
The shop is full ___ people.: of | with, by, from
""",
    "word form": """
This box is ___ than that one.: heavier | heavy, heaviest, more heavy
It was the ___ day of the year.: hottest | hotter, hot, most hot
She sings very ___.: beautifully | beautiful, beauty, more beautiful
He drives too ___.: carelessly | careless, care, carelessness
I have two ___.: children | childs, childrens, child
There are many ___ in the field.: sheep | sheeps, sheepes, a sheep
The ___ are falling from the tree.: leaves | leafs, leafes, leave
My ___ hurt after the long walk.: feet | foots, feets, foot
This is ___ umbrella that I like best.: the | a, an, those
She wants to be ___ engineer.: an | a, any, some
He enjoys ___ books.: reading | to read, read, reads
They decided ___ at home.: to stay | staying, stay, stayed
I look forward to ___ you.: seeing | see, saw, seen
This is the ___ film I have ever seen.: worst | bad, worse, most bad
Her ___ was a great surprise to all of us.: success | succeed, successful, successfully
""",
}

CLOZE = """
When the rain began, she opened her ___ and walked on.: umbrella | window, suitcase, newspaper
The baker took the fresh ___ out of the oven.: bread | milk, flowers, letters
He was thirsty, so he drank a glass of ___.: water | sand, paper, bread
The library is the place where you borrow ___.: books | cars, shoes, tickets
At night we can see the moon and the ___.: stars | rainbows, lessons, curtains
She cut the paper with a pair of ___.: scissors | gloves, socks, glasses
The doctor told him to take the ___ twice a day.: medicine | furniture, ticket, weather
The bird built a ___ in the tall tree.: nest | kennel, garage, ladder
In winter the lake is covered with ___.: ice | honey, smoke, ink
Bees make ___.: honey | silk, wool, cheese
A spider catches flies in its ___.: web | nest, pocket, shell
A week has seven ___.: days | hours, months, seasons
The train leaves from ___ four.: platform | kitchen, chapter, pillow
To unlock the door you need a ___.: key | spoon, comb, stamp
The farmer milks the ___ every morning.: cows | ducks, hens, dogs
A person who flies a plane is called a ___.: pilot | sailor, tailor, plumber
The colour of fresh grass is ___.: green | purple, silver, pink
She put a ___ on the envelope and posted the letter.: stamp | hat, button, plate
The sun rises in the ___.: east | west, north, south
We use a thermometer to measure the ___.: temperature | distance, weight, price
"""
