# ANCHOR: program
import os

import sechat
from sechat.events import Events

bot = sechat.Bot(useCookies=False)
bot.login(os.environ["SE_EMAIL"], os.environ["SE_PASSWORD"], host="meta.stackexchange.com")
room = bot.joinRoom(int(os.environ["SE_ROOM"]))


# ANCHOR: mention
def mentioned(event):
    room.send(room.buildReply(event.message_id, f"hello, {event.user_name}"))


room.on(Events.MENTION, mentioned)
# ANCHOR_END: mention


# ANCHOR: star
def thanked(event):
    if "thank" in event.content:
        room.star(event.message_id)


room.on(Events.REPLY, thanked)
# ANCHOR_END: star
# ANCHOR_END: program
