// The same on Node's net, which gives back what comes without looking for lines.
const server = require('net').createServer(connection => {
  connection.setNoDelay(true);
  connection.on('data', data => connection.write(data));
  connection.on('error', () => {});
});
server.listen(0, '127.0.0.1', 1000, () => console.log(server.address().port));
