import type { Server } from 'node:http';

/** Stops listening, cuts every connection and resolves when all are gone. Does nothing more when it already is closed. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (server.listening) server.close(() => resolve());
    else resolve();
    server.closeAllConnections();
  });
}
