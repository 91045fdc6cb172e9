"""Protocols of which nothing but the name is decoded: where one is found, decoding ends and the packet is ``ok``."""

from collections.abc import Mapping

from batchgraph.wire.spec import AnySpace, Header, Space

# IANA, Assigned Internet Protocol Numbers: the keywords of what no other record decodes.
IP_PROTOCOLS = {
    0: "HOPOPT", 3: "GGP", 5: "ST", 7: "CBT", 8: "EGP", 9: "IGP", 10: "BBN-RCC-MON", 11: "NVP-II", 12: "PUP",
    13: "ARGUS", 14: "EMCON", 15: "XNET", 16: "CHAOS", 18: "MUX", 19: "DCN-MEAS", 20: "HMP", 21: "PRM", 22: "XNS-IDP",
    23: "TRUNK-1", 24: "TRUNK-2", 25: "LEAF-1", 26: "LEAF-2", 27: "RDP", 28: "IRTP", 29: "ISO-TP4", 30: "NETBLT",
    31: "MFE-NSP", 32: "MERIT-INP", 34: "3PC", 35: "IDPR", 36: "XTP", 37: "DDP", 38: "IDPR-CMTP", 39: "TP++",
    40: "IL", 42: "SDRP", 43: "IPv6-Route", 44: "IPv6-Frag", 45: "IDRP", 46: "RSVP", 48: "DSR", 49: "BNA", 50: "ESP",
    52: "I-NLSP", 53: "SWIPE", 54: "NARP", 55: "Min-IPv4", 56: "TLSP", 57: "SKIP", 59: "IPv6-NoNxt", 60: "IPv6-Opts",
    61: "any host internal protocol", 62: "CFTP", 63: "any local network", 64: "SAT-EXPAK", 65: "KRYPTOLAN", 66: "RVD",
    67: "IPPC", 68: "any distributed file system", 69: "SAT-MON", 70: "VISA", 71: "IPCV", 72: "CPNX", 73: "CPHB",
    74: "WSN", 75: "PVP", 76: "BR-SAT-MON", 77: "SUN-ND", 78: "WB-MON", 79: "WB-EXPAK", 80: "ISO-IP", 81: "VMTP",
    82: "SECURE-VMTP", 83: "VINES", 84: "IPTM", 85: "NSFNET-IGP", 86: "DGP", 87: "TCF", 88: "EIGRP", 89: "OSPFIGP",
    90: "Sprite-RPC", 91: "LARP", 92: "MTP", 93: "AX.25", 94: "IPIP", 95: "MICP", 96: "SCC-SP", 98: "ENCAP",
    99: "any private encryption scheme", 100: "GMTP", 101: "IFMP", 102: "PNNI", 104: "ARIS", 105: "SCPS", 106: "QNX",
    107: "A/N", 108: "IPComp", 109: "SNP", 110: "Compaq-Peer", 111: "IPX-in-IP", 112: "VRRP", 113: "PGM",
    114: "any 0-hop protocol", 115: "L2TP", 116: "DDX", 117: "IATP", 118: "STP", 119: "SRP", 120: "UTI", 121: "SMP",
    122: "SM", 123: "PTP", 124: "ISIS over IPv4", 125: "FIRE", 126: "CRTP", 127: "CRUDP", 128: "SSCOPMCE",
    129: "IPLT", 130: "SPS", 131: "PIPE", 133: "FC", 134: "RSVP-E2E-IGNORE", 135: "Mobility Header", 138: "manet",
    139: "HIP", 140: "Shim6", 141: "WESP", 142: "ROHC", 144: "AGGFRAG", 145: "NSH", 146: "Homa", 147: "BIT-EMU",
}  # fmt: skip

ETHERTYPES = {
    0x0842: "WoL", 0x2000: "CDP", 0x6002: "DEC MOP", 0x6003: "DECnet", 0x6004: "DEC LAT", 0x809B: "AppleTalk",
    0x80F3: "AARP", 0x8137: "IPX", 0x8204: "QNX", 0x86DF: "ATMMPOA", 0x8808: "Flow control",
    0x8809: "Slow protocols", 0x8863: "PPPoE discovery", 0x887B: "HomePlug", 0x888E: "EAPOL", 0x8892: "PROFINET",
    0x8899: "Realtek", 0x88A2: "AoE", 0x88A4: "EtherCAT", 0x88AB: "POWERLINK", 0x88B8: "GOOSE", 0x88BA: "SV",
    0x88BB: "LWAPP", 0x88C7: "EAPOL preauthentication", 0x88CA: "TIPC", 0x88CC: "LLDP", 0x88CD: "SERCOS III",
    0x88D9: "LLTD", 0x88DC: "WSMP", 0x88E1: "HomePlug AV", 0x88E3: "MRP", 0x88F5: "MVRP", 0x88F6: "MMRP",
    0x88F7: "PTP", 0x88F8: "NC-SI", 0x88FB: "PRP", 0x8902: "CFM", 0x8906: "FCoE", 0x8914: "FIP", 0x8915: "RoCE",
    0x890D: "802.11 encapsulation", 0x893A: "IEEE 1905.1", 0x8940: "ECP", 0x8947: "GeoNetworking", 0x9000: "Loopback",
    0xAEFE: "eCPRI", 0xCAFE: "LLT", 0xA0ED: "6LoWPAN",
}  # fmt: skip

SAPS = {0x42: "STP", 0xE0: "IPX", 0x10: "IPX", 0xF0: "NetBIOS", 0xFE: "OSI", 0x04: "SNA", 0x08: "SNA", 0x0C: "SNA",
        0x82: "BACnet", 0xBC: "VINES", 0x00: "LLC", 0xFF: "IPX", 0xF8: "RPL", 0xFC: "RPL", 0x7E: "X.25"}  # fmt: skip

CISCO = {0x010B: "PVSTP+", 0x010C: "VLAN bridge", 0x0111: "UDLD", 0x2000: "CDP", 0x2003: "VTP", 0x2004: "DTP",
         0x0104: "PAgP", 0x0032: "WLCCP"}  # fmt: skip

PPP_PROTOCOLS = {
    0x0023: "OSI", 0x0027: "DECnet", 0x0029: "AppleTalk", 0x002B: "IPX", 0x002D: "VJ", 0x002F: "VJ", 0x0031: "BCP",
    0x0035: "VINES", 0x00FB: "PPP compressed", 0x00FD: "PPP compressed", 0x0207: "CDP",
    0x8021: "IPCP", 0x8023: "OSINLCP", 0x8029: "ATCP", 0x802B: "IPXCP", 0x8031: "BCP", 0x8053: "ECP",
    0x8057: "IPV6CP", 0x80FB: "CCP", 0x80FD: "CCP", 0x8207: "CDPCP", 0x8281: "MPLSCP", 0xC021: "LCP", 0xC023: "PAP",
    0xC025: "LQR", 0xC029: "CBCP", 0xC02B: "BACP", 0xC02D: "BAP", 0xC223: "CHAP", 0xC227: "EAP",
}  # fmt: skip

CHDLC_PROTOCOLS = {0x8035: "SLARP", 0x2000: "CDP", 0xFEFE: "OSI"}
NLPIDS = {0x08: "Q.933", 0x09: "LMI", 0x81: "OSI", 0x82: "OSI", 0x83: "OSI"}
COOKED = {0x0001: "IPX", 0x000C: "CAN", 0x000D: "CAN FD", 0x00F6: "IEEE 802.15.4"}


# The registry of LINKTYPE_ values, for those that no record decodes.
LINK_TYPES = {
    2: "EXP_ETHERNET", 3: "AX25", 4: "PRONET", 5: "CHAOS", 15: "SLIP_BSDOS", 16: "PPP_BSDOS", 99: "SYMANTEC_FIREWALL",
    114: "LTALK", 121: "HHDLC", 124: "RIO", 125: "PCI_EXP", 126: "AURORA",
    128: "TZSP", 130: "JUNIPER_MLPPP", 131: "JUNIPER_MLFR", 132: "JUNIPER_ES", 133: "JUNIPER_GGSN",
    134: "JUNIPER_MFR", 135: "JUNIPER_ATM2", 136: "JUNIPER_SERVICES", 137: "JUNIPER_ATM1", 139: "MTP2_WITH_PHDR",
    140: "MTP2", 141: "MTP3", 142: "SCCP", 144: "LINUX_IRDA", 147: "USER0", 148: "USER1", 150: "USER3", 151: "USER4",
    152: "USER5", 153: "USER6", 154: "USER7", 155: "USER8", 156: "USER9", 157: "USER10", 158: "USER11", 159: "USER12",
    160: "USER13", 161: "USER14", 162: "USER15", 165: "BACNET_MS_TP", 166: "PPP_PPPD", 167: "JUNIPER_PPPOE",
    168: "JUNIPER_PPPOE_ATM", 169: "GPRS_LLC", 170: "GPF_T", 171: "GPF_F", 172: "GCOM_T1E1", 173: "GCOM_SERIAL",
    174: "JUNIPER_PIC_PEER", 175: "ERF_ETH", 176: "ERF_POS", 177: "LINUX_LAPD", 179: "JUNIPER_PPP",
    180: "JUNIPER_FRELAY", 181: "JUNIPER_CHDLC", 182: "MFR", 183: "JUNIPER_VP", 184: "A429", 185: "A653_ICM",
    186: "USB_FREEBSD", 187: "BLUETOOTH_HCI_H4", 188: "IEEE802_16_MAC_CPS", 189: "USB_LINUX", 190: "CAN20B",
    191: "IEEE802_15_4_LINUX", 193: "IEEE802_16_MAC_CPS_RADIO", 194: "JUNIPER_ISM", 195: "IEEE802_15_4_WITHFCS",
    196: "SITA", 198: "RAIF1", 199: "IPMB_KONTRON", 200: "JUNIPER_ST", 201: "BLUETOOTH_HCI_H4_WITH_PHDR",
    202: "AX25_KISS", 203: "LAPD", 207: "LAPB_WITH_DIR", 209: "IPMB_LINUX", 210: "FLEXRAY", 211: "MOST", 212: "LIN",
    213: "X2E_SERIAL", 214: "X2E_XORAYA", 215: "IEEE802_15_4_NONASK_PHY", 216: "LINUX_EVDEV", 217: "GSMTAP_UM",
    218: "GSMTAP_ABIS", 220: "USB_LINUX_MMAPPED", 221: "DECT", 222: "AOS", 223: "WIHART", 224: "FC_2",
    225: "FC_2_WITH_FRAME_DELIMS", 227: "CAN_SOCKETCAN", 230: "IEEE802_15_4_NOFCS", 231: "DBUS",
    232: "JUNIPER_VS", 233: "JUNIPER_SRX_E2E", 234: "JUNIPER_FIBRECHANNEL", 235: "DVB_CI", 236: "MUX27010",
    237: "STANAG_5066_D_PDU", 238: "JUNIPER_ATM_CEMIC", 243: "MPEG_2_TS", 244: "NG40", 245: "NFC_LLCP",
    247: "INFINIBAND", 248: "SCTP", 249: "USBPCAP", 250: "RTAC_SERIAL", 251: "BLUETOOTH_LE_LL",
    252: "WIRESHARK_UPPER_PDU", 253: "NETLINK", 254: "BLUETOOTH_LINUX_MONITOR", 255: "BLUETOOTH_BREDR_BB",
    256: "BLUETOOTH_LE_LL_WITH_PHDR", 257: "PROFIBUS_DL", 259: "EPON", 260: "IPMI_HPM_2", 261: "ZWAVE_R1_R2",
    262: "ZWAVE_R3", 263: "WATTSTOPPER_DLM", 264: "ISO_14443", 265: "RDS", 266: "USB_DARWIN", 267: "OPENFLOW",
    268: "SDLC", 269: "TI_LLN_SNIFFER", 270: "LORATAP", 271: "VSOCK", 272: "NORDIC_BLE", 273: "DOCSIS31_XRA31",
    275: "DISPLAYPORT_AUX", 277: "SERCOS_MONITOR", 278: "OPENVIZSLA", 279: "EBHSCR",
    280: "VPP_DISPATCH", 283: "IEEE802_15_4_TAP", 286: "ELEE", 287: "Z_WAVE_SERIAL", 288: "USB_2_0",
    289: "ATSC_ALP", 290: "ETW", 292: "ZBOSS_NCP", 293: "USB_2_0_LOW_SPEED", 294: "USB_2_0_FULL_SPEED",
    295: "USB_2_0_HIGH_SPEED", 296: "AUERSWALD_LOG", 297: "ZWAVE_TAP", 298: "SILABS_DEBUG_CHANNEL",
    299: "FIRA_UCI", 300: "MDB", 301: "DECT_NR",
}  # fmt: skip


def link_type_text(number: int) -> str:
    """Give a link type's number with its name, where it has one, for people."""
    if number < 0:
        return "none"
    return f"{number} ({LINK_TYPES[number]})" if number in LINK_TYPES else str(number)


def named(space: AnySpace, names: Mapping[int, str]) -> tuple[Header, ...]:
    """Give a record for each name, found in `space` under all its numbers."""
    prefix = space.name.lower() if isinstance(space, Space) else space
    numbers: dict[str, list[int]] = {}
    for number, name in names.items():
        numbers.setdefault(name, []).append(number)
    return tuple(
        Header(name=f"{prefix}.{codes[0]}", codes={space: tuple(codes)}, length=0, type=name)
        for name, codes in numbers.items()
    )


HEADERS = (
    *named(Space.IP_PROTOCOL, IP_PROTOCOLS),
    *named(Space.ETHERTYPE, ETHERTYPES),
    *named(Space.LLC_SAP, SAPS),
    *named("snap.cisco", CISCO),
    *named("snap.bridged", {0x000A: "FDDI", 0x000E: "STP"}),
    *named(Space.PPP_PROTOCOL, PPP_PROTOCOLS),
    *named("chdlc.protocol", CHDLC_PROTOCOLS),
    *named(Space.NLPID, NLPIDS),
    *named("sll.protocol", COOKED),
)
