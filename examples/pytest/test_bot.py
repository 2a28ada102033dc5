"""Scenes with a bot, played against the simulator."""


def next_message(bot):
    """The bot's next message: to be called before what it answers, since it listens from the call on."""
    return bot.wait_for("message", check=lambda message: message.author == bot.user, timeout=20)


def test_it_replies_to_a_ping(simulator, play):
    async def scene(bot):
        reply = next_message(bot)
        asked = (await simulator.do("say", by="mira", text="!ping"))["message"]
        reply = await reply
        assert (reply.content, str(reply.reference.message_id)) == ("pong", asked)

    play(scene)


def test_it_rolls_and_rolls_again(simulator, play):
    async def scene(_bot):
        rolled = (await simulator.do("command", by="mira", name="roll"))["interaction"]
        response = await simulator.response(rolled)
        assert response["message"]["content"] == "rolled a 3"
        pressed = (await simulator.do("press", by="teo", custom_id="again"))["interaction"]
        response = await simulator.response(pressed)
        assert (response["type"], response["message"]["content"]) == (7, "teo rolled a 4")

    play(scene)


def test_it_goes_on_after_a_cut(simulator, play):
    async def scene(bot):
        resumed = bot.wait_for("resumed", timeout=20)
        await simulator.do("cut")
        await resumed
        reply = next_message(bot)
        await simulator.do("say", by="mira", text="!ping")
        reply = await reply
        assert reply.content == "pong"

    play(scene)
