// Small words for calls with a library client.
export const text = (result) => result.content.map((block) => block.text ?? '').join('\n');
export const call = (client, name, args = {}, options) => client.callTool({ name, arguments: args }, options);
export const isModern = (client) => client.getProtocolEra?.() === 'modern';
