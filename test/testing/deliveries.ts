// The books of one client, for the tests of the law of deliveries.

import { DeliveryLaw } from "../../src/testing/delivery-law.js";

export const amount = (messages: number) => ({ messages, bytes: messages * 20 });
const encoder = new TextEncoder();

/** The books of a client with a socket 1. */
export function setUp({ resends = false, isLying = false, bound = 1_000 } = {}) {
  const complaints: string[] = [];
  const law = new DeliveryLaw({ resends, isLying, bound }, (what) => void complaints.push(what));
  law.dialed(1);
  return {
    law,
    complaints,
    /** Accepts so many messages. */
    accept: (count: number, hasHeaders = false) => {
      for (let i = 0; i < count; i++) law.accept(10, hasHeaders);
    },
    hand: (socket: number, ...numbers: number[]) => {
      for (const number of numbers) law.handed(socket, number);
    },
    read: (socket: number, ...numbers: number[]) => {
      for (const number of numbers) law.arrived(socket, number);
    },
    hear: (socket: number, text: string) => law.received(socket, encoder.encode(text)),
  };
}
