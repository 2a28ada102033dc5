// Requests to the simulated Discord, by the routes of its table; every answer is kept.

export class Requests {
  /** `log` has every call: `{route, status, answer, body, isJson}`; `surprises` the answers that were not wanted. */
  constructor(discord) {
    this.discord = discord;
    this.tokens = Object.fromEntries([discord, ...discord.accounts].map(one => [one.username, one.token]));
    this.log = [];
    this.surprises = [];
  }

  /**
   * Calls a route, such as `GET /channels/{channel_id}`.
   *
   * `with` has the parameters of the path by name, and `query`, `body`, `files` (name to bytes), `form`, `as` (the bot's
   * name, or null for none) and `fails` (a refusal is what is wanted).
   */
  async call(route, {query, body, files, form, as = 'cantor', fails = false, github, ...parameters} = {}) {
    const [method, template] = route.split(' ');
    const path = template.replace(/\{(\w+)\}/g, (_, name) => {
      if (parameters[name] === undefined) throw new Error(`${route}: no ${name} is given`);
      return encodeURIComponent(parameters[name]);
    });
    const headers = {'user-agent': 'DiscordBot (https://example.org/antiphon, 0)', 'x-audit-log-reason': 'a%20check'};
    if (github) headers['x-github-event'] = github;
    if (as) headers.authorization = `Bot ${this.tokens[as]}`;
    let content;
    if (files || form) {
      content = new FormData();
      if (body) content.set('payload_json', JSON.stringify(body));
      for (const [name, value] of Object.entries(form ?? {})) content.set(name, value, ...(value instanceof Blob ? [`${name}.csv`] : []));
      for (const [name, bytes] of Object.entries(files ?? {})) content.set(name, new Blob([bytes], {type: 'image/png'}), `${name}.png`);
    } else if (body !== undefined) {
      headers['content-type'] = 'application/json';
      content = JSON.stringify(body);
    }
    const url = `${this.discord.rest}${path}${query ? `?${new URLSearchParams(query)}` : ''}`;
    const response = await fetch(url, {method, headers, body: content});
    const bytes = Buffer.from(await response.arrayBuffer());
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const answer = isJson ? JSON.parse(bytes) : bytes;
    this.log.push({route, status: response.status, answer, body, isJson});
    if (response.ok === fails) {
      this.surprises.push(`${route}: answers ${response.status} ${isJson ? JSON.stringify(answer).slice(0, 300) : `${bytes.length} bytes`} to ${JSON.stringify(body ?? query ?? null).slice(0, 300)}`);
    }
    return isJson && response.ok ? answer : {};
  }
}
