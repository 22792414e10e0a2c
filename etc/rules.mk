# install, uninstall, deb: etc/install does it, here are the places.
sysconfdir     ?= /etc
sbindir        ?= $(prefix)/sbin
mandir         ?= $(prefix)/share/man
docdir         ?= $(prefix)/share/doc/pgring
systemdunitdir ?= $(prefix)/lib/systemd/system
smfdir         ?= /lib/svc
logdir         ?= /var/log/pgring
ifeq ($(SYSTEM),SunOS)
INIT           ?= initd smf
rundir         ?= /var/run/pgring
else
INIT           ?= initd systemd logrotate
rundir         ?= /run/pgring
endif
INSTALL_PLACES := sysconfdir sbindir mandir docdir systemdunitdir smfdir logdir rundir INIT BUILD DESTDIR
INSTALL        = $(foreach name,$(INSTALL_PLACES),$(name)='$($(name))') etc/install

.PHONY: install uninstall deb

install: all ## install under prefix (/usr/local) and sysconfdir (/etc); DESTDIR, INIT (see README)
	@$(INSTALL) install

uninstall: ## remove what install has installed, but a changed configuration
	@$(INSTALL) uninstall

deb: all ## build/pgring_VERSION_ARCHITECTURE.deb
	@etc/debian/build $(BUILD)
