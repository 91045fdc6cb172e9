"""What packets say of hosts' names: messages of DNS and its kin, of NetBIOS and of DHCP, read leniently."""
