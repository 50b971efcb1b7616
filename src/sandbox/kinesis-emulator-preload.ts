/**
 * Loaded into the Kinesis emulator's process before the emulator itself, which binds all interfaces and has no setting
 * against it: every listener goes to 127.0.0.1 on a port the system picks, told to the parent together with the port
 * that was asked for. The process ends with its parent: when the channel closes there is nobody left to serve.
 */
import net from 'node:net';

const listenAnywhere = net.Server.prototype.listen;

function listenOnLoopback(this: net.Server, requested: unknown, ...rest: unknown[]): net.Server {
  const ready = rest.find((part) => typeof part === 'function');
  this.once('listening', () => {
    const address = this.address();
    if (address !== null && typeof address === 'object') {
      process.send?.({ requested: Number(requested), port: address.port });
    }
  });
  return listenAnywhere.call(this, { host: '127.0.0.1', port: 0 }, () => ready?.());
}

net.Server.prototype.listen = listenOnLoopback as typeof listenAnywhere;
process.on('disconnect', () => process.exit(0));
