export function checkOpenApi() { return {routes:0,bodies:0,faults:[]}; }
