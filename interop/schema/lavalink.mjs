export async function checkLavalink() { return {frames:0,kinds:0,answers:0,routes:0,faults:[]}; }
