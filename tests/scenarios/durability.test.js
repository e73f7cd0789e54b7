// Goal: nothing that was acknowledged is lost, and nothing is stored twice.

import assert from 'node:assert/strict';

import {linkedWorld, scenario} from './support/world.js';

async function crashWhileReceiving(world, point) {
    await linkedWorld(world);
    await world.settled();
    await world.nacre.stop();
    await world.nacre.start({crashPoint: point});
    const {gone} = await world.nacre.crashed('nacre-courier');
    await world.unlock();
    // An answer of the phone may come first, and be what it crashes on.
    await Promise.race([world.api.connected(), gone]);
    const mailbox = world.mock.mailbox(world.device);
    const delivered = mailbox.delivered;
    world.bob.sendText(world.device, 'through the crash', {timestamp: Date.now()});
    await gone;
    await world.nacre.killAll();
    const acknowledged = mailbox.delivered - delivered;
    await world.nacre.start();
    await world.unlock();
    await world.arrived('through the crash');
    await world.bob.sendText(world.device, 'afterwards', {timestamp: Date.now()});
    await world.arrived('afterwards');
    const texts = (await world.history(world.bob)).map((message) => message.text);
    assert.deepEqual(texts, ['through the crash', 'afterwards']);
    return acknowledged;
}

scenario('24. Killed between receiving and acknowledging: delivered again, stored once',
    async (world) => {
        assert.equal(await crashWhileReceiving(world, 'before_ack'), 0);
    });

scenario('25. Nothing is acknowledged before it is durable', async (world) => {
    assert.equal(await crashWhileReceiving(world, 'before_append'), 0);
});
