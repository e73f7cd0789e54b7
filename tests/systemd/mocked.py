#!/usr/bin/env python3
"""nacre-sentry against what a container has no hardware for: a lid, a screen saver that is on
already, a USB device; and without any bus. Real dbus-daemons of the test's own, python3-dbusmock
behind them, umockdev for udev and /sys. mocked.py BIN_FOLDER, of the test binaries: their system
calls are filtered as ever, but Landlock is left out, because umockdev's /sys is in /tmp. The booted test
has both.
"""
import os
import pathlib
import select
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import dbus
import dbusmock
import gi

gi.require_version("UMockdev", "1.0")
from gi.repository import UMockdev  # noqa: E402

BIN = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else None
PATIENCE = 60
LOGIN1 = "org.freedesktop.login1"
MANAGER = "org.freedesktop.login1.Manager"
NOWHERE = "unix:path=/nonexistent"


class Sentry:
    """The program, with a lock socket that plays vaultd."""

    def __init__(self, rules, **environment):
        self.folder = tempfile.TemporaryDirectory()
        path = pathlib.Path(self.folder.name)
        (path / "nacre.toml").write_text("[lock]\n" + rules)
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(path / "lock.sock"))
        self.listening.listen()
        self.listening.settimeout(PATIENCE)
        self.log = open(path / "log", "w+")
        buses = {"DBUS_SYSTEM_BUS_ADDRESS": NOWHERE, "DBUS_SESSION_BUS_ADDRESS": NOWHERE}
        # It says on this socket when it watches.
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notified.bind(str(path / "notify"))
        self.notified.settimeout(PATIENCE)
        self.process = subprocess.Popen(
            [BIN / "nacre-sentry", "--config", path / "nacre.toml", "--runtime", path],
            stderr=self.log,
            env={**os.environ, **buses, "NACRE_SANDBOX": "calls", "NOTIFY_SOCKET": str(path / "notify"), **environment})

    def ready(self):
        assert self.notified.recv(100) == b"READY=1"
        return self

    def asked_to_lock(self):
        connection, _ = self.listening.accept()
        connection.settimeout(PATIENCE)
        said = connection.recv(10)
        connection.close()
        return len(said) == 1

    def has_asked(self):
        return bool(select.select([self.listening], [], [], 0)[0])

    def logged(self):
        self.log.seek(0)
        return self.log.read()

    def wait_for_log(self, words):
        end = time.monotonic() + PATIENCE
        while words not in self.logged():
            assert time.monotonic() < end, f"not logged: {words}"
            time.sleep(0.02)

    def close(self):
        self.process.terminate()
        ended = self.process.wait(PATIENCE)
        said = self.logged()
        self.log.close()
        self.listening.close()
        self.notified.close()
        self.folder.cleanup()
        assert "forbidden system call" not in said, said
        return ended


class Case(dbusmock.DBusTestCase):
    def sentry(self, rules, **environment):
        started = Sentry(rules, **environment)
        self.addCleanup(started.close)
        return started


class WithLogind(Case):
    @classmethod
    def setUpClass(cls):
        cls.start_system_bus()
        cls.bus = cls.get_dbus(system_bus=True)

    def setUp(self):
        mock = self.spawn_server(LOGIN1, "/org/freedesktop/login1", MANAGER, system_bus=True,
                                 stdout=subprocess.DEVNULL)
        self.addCleanup(lambda: (mock.terminate(), mock.wait()))
        self.manager = dbus.Interface(self.bus.get_object(LOGIN1, "/org/freedesktop/login1"),
                                      dbusmock.MOCK_IFACE)
        self.manager.AddProperties(MANAGER, {"LidClosed": False, "PreparingForShutdown": False})
        self.environment = {"DBUS_SYSTEM_BUS_ADDRESS": os.environ["DBUS_SYSTEM_BUS_ADDRESS"]}

    def test_lid_told_by_a_signal(self):
        sentry = self.sentry("lid = 0", **self.environment).ready()
        self.assertFalse(sentry.has_asked())
        self.manager.UpdateProperties(MANAGER, {"LidClosed": True})
        self.assertTrue(sentry.asked_to_lock())
        self.manager.UpdateProperties(MANAGER, {"LidClosed": False})
        self.manager.UpdateProperties(MANAGER, {"LidClosed": True})
        self.assertTrue(sentry.asked_to_lock())

    def test_lid_of_a_logind_that_sends_no_signal(self):
        self.manager.AddMethod(MANAGER, "CloseSilently", "", "",
                               f"self.props['{MANAGER}']['LidClosed'] = True")
        sentry = self.sentry("lid = 0", **self.environment).ready()
        self.assertFalse(sentry.has_asked())
        self.bus.get_object(LOGIN1, "/org/freedesktop/login1").CloseSilently(
            dbus_interface=MANAGER)
        self.assertTrue(sentry.asked_to_lock())

    def test_lid_closed_from_the_start(self):
        self.manager.UpdateProperties(MANAGER, {"LidClosed": True})
        self.assertTrue(self.sentry("lid = 0", **self.environment).asked_to_lock())

    def test_without_an_inhibitor_sleep_locks_all_the_same(self):
        sentry = self.sentry("sleep = 0", **self.environment).ready()
        self.assertIn("no inhibitor", sentry.logged())
        self.manager.EmitSignal(MANAGER, "PrepareForSleep", "b", [True])
        self.assertTrue(sentry.asked_to_lock())


class WithSessionBus(Case):
    @classmethod
    def setUpClass(cls):
        cls.start_session_bus()
        cls.bus = cls.get_dbus()

    def screen_saver(self, name, path, active):
        mock = self.spawn_server(name, path, name, stdout=subprocess.DEVNULL)
        self.addCleanup(lambda: (mock.terminate(), mock.wait()))
        control = dbus.Interface(self.bus.get_object(name, path), dbusmock.MOCK_IFACE)
        control.AddMethod(name, "GetActive", "", "b", f"ret = {active}")
        return control

    def test_screen_saver(self):
        address = os.environ["DBUS_SESSION_BUS_ADDRESS"]
        for name, path in (("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver"),
                           ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver")):
            with self.subTest(name):
                control = self.screen_saver(name, path, False)
                sentry = self.sentry("screen_saver = 0", DBUS_SESSION_BUS_ADDRESS=address).ready()
                self.assertFalse(sentry.has_asked())
                control.EmitSignal(name, "ActiveChanged", "b", [False])
                control.EmitSignal(name, "ActiveChanged", "b", [True])
                self.assertTrue(sentry.asked_to_lock())

    def test_screen_saver_that_is_on_already(self):
        self.screen_saver("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver", True)
        address = os.environ["DBUS_SESSION_BUS_ADDRESS"]
        self.assertTrue(self.sentry("screen_saver = 0", DBUS_SESSION_BUS_ADDRESS=address)
                        .asked_to_lock())


class WithUsb(Case):
    def setUp(self):
        self.machine = UMockdev.Testbed.new()
        self.addCleanup(setattr, self, "machine", None)
        # It stands in C's environment alone.
        self.environment = {"UMOCKDEV_DIR": self.machine.get_root_dir()}

    def plug_in(self, name, serial):
        return self.machine.add_device(
            "usb", name, None,
            ["idVendor", "1050", "idProduct", "0407", "serial", serial],
            ["DEVTYPE", "usb_device", "PRODUCT", "1050/407/543"])

    def unplug(self, device):
        self.machine.uevent(device, "remove")
        self.machine.remove_device(device)

    def test_the_device_is_gone(self):
        self.plug_in("1-1", "other")
        device = self.plug_in("1-2", "mine")
        rules = 'usb = 0\nusb_device = "1050:0407:mine"'
        # The buses are missing as well: what can be watched is.
        sentry = self.sentry(rules + "\nsession = 0\nscreen_saver = 0", **self.environment).ready()
        self.assertFalse(sentry.has_asked())
        self.assertIn("no logind", sentry.logged())
        self.assertIn("no session bus", sentry.logged())
        self.unplug(device)
        self.assertTrue(sentry.asked_to_lock())
        device = self.plug_in("1-3", "mine")
        self.machine.uevent(device, "add")
        sentry.wait_for_log("is back")
        self.unplug(device)
        self.assertTrue(sentry.asked_to_lock())

    def test_missing_from_the_start(self):
        self.plug_in("1-1", "other")
        rules = 'usb = 0\nusb_device = "1050:0407:mine"'
        self.assertTrue(self.sentry(rules, **self.environment).asked_to_lock())


class Alone(Case):
    def test_ends_at_once_and_holds_nothing(self):
        sentry = Sentry("session = 0").ready()
        self.assertEqual(sentry.close(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
