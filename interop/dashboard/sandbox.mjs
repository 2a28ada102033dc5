// The page Sandbox in Chromium, for check.mjs: said and pressed without JavaScript, by keyboard alone, and live.
//
// The bot is this script: it posts a message with a button by a request, and answers who presses it.
const PATIENCE = 60_000;

export async function sandbox({world, url, open, holds, pictures, picture}) {
  const {discord} = world;
  const at = (where, page) => page.goto(new URL(where, url).href);
  const request = async (method, path, body) => {
    const answer = await fetch(`${discord.rest}${path}`, {
      method,
      headers: {authorization: `Bot ${discord.token}`, 'content-type': 'application/json', 'user-agent': 'DiscordBot (https://example.org, 1)'},
      body: JSON.stringify(body),
    });
    holds(answer.ok, `${method} ${path} is answered`, answer.status);
  };
  const button = {type: 2, style: 1, label: 'Sing it again & again', custom_id: 'again'};
  const menu = {type: 3, custom_id: 'voice', placeholder: 'Your voice', options: [{label: 'Alto', value: 'alto'}, {label: 'Bass', value: 'bass'}]};
  await request('POST', `/channels/${discord.channel_id}/messages`, {
    content: 'Do we sing <b>Miserere</b>?',
    embeds: [{title: 'Miserere', description: 'Gregorio Allegri', fields: [{name: 'voices', value: '9'}]}],
    components: [{type: 1, components: [button]}, {type: 1, components: [menu]}],
  });
  // Answers the next interaction, as a handler would.
  const answers = async (after, data) => {
    let asked;
    await world.until('an interaction', async () => {
      const lines = await (await fetch(`${world.addresses.control}/ledger?after=${after}`)).text();
      const rows = lines.split('\n').filter(Boolean).map(line => JSON.parse(line));
      asked = rows.find(row => row.kind === 'discord.INTERACTION_CREATE')?.body;
      return asked;
    });
    await request('POST', `/interactions/${asked.id}/${asked.token}/callback`, data);
  };
  const last = async () => {
    const lines = await (await fetch(`${world.addresses.control}/ledger?limit=1000000`)).text();
    return JSON.parse(lines.trim().split('\n').pop()).n;
  };

  {
    const page = await open({javaScriptEnabled: false});
    const press = button => Promise.all([page.waitForNavigation(), page.click(`button:text-is("${button}")`)]);
    await at('/sandbox', page);
    await page.fill('form:has(button:text-is("Say")) input[name="s.text"]', 'good evening');
    await press('Say');
    // Without JavaScript a reload shows what has come meanwhile.
    const until = text => world.until(text, async () => {
      await page.reload();
      return (await page.textContent('main')).includes(text);
    });
    await until('in the journal, position');
    await page.click('.happened a:has-text("in the journal")');
    holds((await page.textContent('h1')) === 'discord.MESSAGE_CREATE', 'the link leads to the event');
    await page.goBack();
    const before = await last();
    await press('Sing it again & again');
    await answers(before, {type: 7, data: {content: 'we sing it again', components: [{type: 1, components: [menu]}]}});
    await until('answers it: ');
    await until('we sing it again');
    await page.selectOption('select[name="l.values"]', 'bass');
    const chosen = await last();
    await press('Choose');
    await answers(chosen, {type: 9, data: {custom_id: 'name', title: 'Your name', components: [{type: 1, components: [{type: 4, custom_id: 'name', label: 'Name', style: 1}]}]}});
    await until('A form that antiphon has opened for mira');
    await page.fill('input[name="f.name"]', 'Mira');
    const submitted = await last();
    await press('Submit');
    await answers(submitted, {type: 4, data: {content: 'thank you', flags: 64}});
    await until('only mira sees it');
    await page.context().close();
    world.ok('without JavaScript people speak, press, choose and fill in forms, and see what came of it');
  }

  {
    const page = await open();
    await at('/sandbox?platform=queup', page);
    const reach = async selector => {
      for (let steps = 0; steps < 60; steps++) {
        if (await page.evaluate(one => document.activeElement?.matches(one), selector)) return;
        await page.keyboard.press('Tab');
      }
      throw new Error(`the keyboard does not reach ${selector}`);
    };
    await reach('main form.act input[name="s.text"]');
    await page.keyboard.type('by keyboard');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/sandbox?*done=*');
    await page.waitForSelector('.messages p:text-is("by keyboard")');
    await page.context().close();
    world.ok('the keyboard alone chooses, types and sends');
  }

  {
    const page = await open({viewport: {width: 1280, height: 900}});
    await at('/sandbox?platform=queup', page);
    await world.do('queup', {do: 'say', place: 'room/choir-loft', by: 'teo', text: 'said elsewhere'});
    await page.waitForSelector('.messages p:text-is("said elsewhere")', {timeout: PATIENCE});
    await page.click('button:text-is("Cut")');
    await page.waitForURL('**/sandbox?*done=*');
    await page.waitForSelector('.happened li:has-text("waiting until")', {timeout: PATIENCE});
    await page.waitForSelector('.happened li:has-text("connected since")', {timeout: PATIENCE});
    await page.click('.wire a >> nth=0');
    await page.waitForSelector('h1:text-is("The wire")');
    holds(!(await page.textContent('main')).includes(world.addresses.queup.password), 'no password is shown');
    holds(page.complaints.length === 0, 'the browser complains of nothing', page.complaints);
    await page.context().close();
    world.ok('with JavaScript messages, a cut and its healing appear by themselves');
  }

  {
    const page = await open();
    await at('/sandbox', page);
    await world.do('discord', {do: 'say', by: 'teo', text: 'answer me'});
    const message = page.locator('.messages > li', {hasText: 'answer me'});
    await message.locator('summary').click({timeout: PATIENCE});
    const reply = message.locator('form:has(button:text-is("Reply")) input[name="s.text"]');
    await reply.fill('half a reply');
    await page.evaluate(() => document.activeElement.blur());
    await world.do('discord', {do: 'say', by: 'teo', text: 'or later'});
    await page.waitForSelector('.messages p:text-is("or later")', {timeout: PATIENCE});
    holds((await reply.inputValue()) === 'half a reply', 'what is typed outlives the renewal');
    await page.context().close();
    world.ok('a reply that is being typed is kept while new messages appear');
  }

  for (const colorScheme of ['light', 'dark']) {
    for (const width of [400, 1280]) {
      const page = await open({colorScheme, viewport: {width, height: 900}});
      for (const platform of ['discord', 'queup', 'stackexchange', 'lavalink']) {
        for (const [name, where] of [[`sandbox-${platform}`, '/sandbox'], [`wire-${platform}`, '/sandbox/wire']]) {
          await at(`${where}?platform=${platform}`, page);
          const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          holds(wider <= 0, `${name} fits ${width} pixels`, wider);
          if (pictures) await picture(page, `${name}-${colorScheme}-${width}`);
        }
      }
      holds(page.complaints.length === 0, 'the browser complains of nothing', page.complaints);
      await page.context().close();
    }
    world.ok(`the sandbox of every platform fits 400 and 1,280 pixels in the ${colorScheme} theme`);
  }
}
