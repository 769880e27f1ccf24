"""Short functions that have nothing to do with one another: what cosine an encoder gives to texts that are strangers.

Encoders differ in this: some give 0.1, others 0.7. They are written like exercises, since that is what problems are
like; none is of a benchmark.
"""

from typing import Final

_TEXT: Final = '''
def parse_header(line):
    """Split a line such as "Content-Type: text/html" into its name, in lower case, and its value."""
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()

def monthly_payment(loan, yearly_rate, months):
    """What has to be paid each month so that a loan with interest is paid back after so many months."""
    rate = yearly_rate / 12
    return loan * rate / (1 - (1 + rate) ** -months)

class Stopwatch:
    """Measures how long something takes. It can be stopped, and goes on where it was."""
    def __init__(self, clock):
        self.clock, self.elapsed, self.started = clock, 0.0, None

def read_config(path):
    """Load the settings from a JSON file, and fill in the defaults that it leaves out."""
    with open(path) as file:
        return {"port": 8080, "debug": False, **json.load(file)}

def draw_board(board):
    """Print a board of chess with letters below and ranks at the left."""
    for rank, row in zip(range(8, 0, -1), board):
        print(rank, " ".join(piece or "." for piece in row))
    print("  a b c d e f g h")

def celsius(fahrenheit):
    """Convert a temperature.
    >>> celsius(212)
    100.0
    """
    return (fahrenheit - 32) * 5 / 9

def overlapping_bookings(bookings):
    """Which bookings of a meeting room are at the same time as the one before? Each has a start and an end.
    >>> overlapping_bookings([(9, 11), (10, 12), (12, 13)])
    [(10, 12)]
    """
    return [later for earlier, later in zip(bookings, bookings[1:]) if later[0] < earlier[1]]

def send_reminder(user, mailer):
    """Write to a user whose subscription ends within a week, once."""
    if user.days_left <= 7 and not user.reminded:
        mailer.send(user.email, "Your subscription ends soon")
        user.reminded = True

def blend(first, second, alpha):
    """Mix two colours, each given as red, green and blue from 0 to 255."""
    return tuple(round(a * alpha + b * (1 - alpha)) for a, b in zip(first, second))

def shortest_route(graph, source, target):
    """The least cost of a way between two stations of a network, by Dijkstra's algorithm."""
    queue, done = [(0, source)], set()
    while queue:
        cost, station = heapq.heappop(queue)
        if station == target:
            return cost
        if station not in done:
            done.add(station)
            for neighbour, distance in graph[station]:
                heapq.heappush(queue, (cost + distance, neighbour))

def withdraw(account, money):
    """Take money out of an account, unless there is too little in it."""
    if money > account.balance:
        raise ValueError("the balance is too low")
    account.balance -= money

def train_step(model, batch, optimizer):
    """One step of gradient descent on a batch; returns the loss."""
    optimizer.zero_grad()
    loss = model.loss(batch.inputs, batch.labels)
    loss.backward()
    optimizer.step()
    return loss.item()

def crop(image, left, top, width, height):
    """Cut a rectangle of pixels out of an image."""
    return [row[left : left + width] for row in image[top : top + height]]

def days_until(birthday, today):
    """How many days there are from today until the next birthday."""
    following = birthday.replace(year=today.year)
    if following < today:
        following = following.replace(year=today.year + 1)
    return (following - today).days

def insert_user(connection, name, email):
    """Add a row to the table of users, and return its key."""
    cursor = connection.execute("INSERT INTO users (name, email) VALUES (?, ?)", (name, email))
    return cursor.lastrowid

def roll_until_six(random):
    """Throw a die until it shows six. How many throws does it take?"""
    throws = 1
    while random.randint(1, 6) != 6:
        throws += 1
    return throws

def wait_for(server, timeout):
    """Try to connect again and again until a server answers, or time is up."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if server.ping():
            return True
        time.sleep(0.1)
    return False

def recipe_for(guests, recipe):
    """Scale the ingredients of a recipe for four.
    >>> recipe_for(2, {"flour": 500, "eggs": 4})
    {'flour': 250.0, 'eggs': 2.0}
    """
    return {ingredient: amount * guests / 4 for ingredient, amount in recipe.items()}

def to_morse(message, alphabet):
    """Spell a message in dots and dashes, with a slash between two words."""
    return " / ".join(" ".join(alphabet[letter] for letter in word) for word in message.split())

def bounce(ball, wall):
    """Turn a ball around that has reached a wall; it loses a tenth of its speed."""
    if ball.x + ball.radius >= wall.x:
        ball.velocity = -0.9 * ball.velocity
'''

STRANGERS: Final = tuple(_TEXT.strip().split("\n\n"))
"""Each a function or a class with its docstring."""
