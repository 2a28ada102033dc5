"""Scenes with a bot, played against the simulator."""


def test_it_replies_to_a_ping(simulator, play):
    async def scene(bot):
        asked = (await simulator.do("say", by="mira", text="!ping"))["message"]
        reply = await bot.wait_for("message", check=lambda message: message.author == bot.user, timeout=20)
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
        await simulator.do("cut")
        await bot.wait_for("resumed", timeout=20)
        await simulator.do("say", by="mira", text="!ping")
        reply = await bot.wait_for("message", check=lambda message: message.author == bot.user, timeout=20)
        assert reply.content == "pong"

    play(scene)
