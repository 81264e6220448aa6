// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// An ordinary user makes no connections over IP. In full: no messages that bring an address, and no socket that someone
// else connected.
#include "target.bpf.h"

#define AF_INET 2
#define AF_INET6 10
#define TCP_CLOSE 7
#define TCP_LISTEN 10
#define S_IFMT 0170000
#define S_IFSOCK 0140000

struct sock_common {
	unsigned short skc_family;
	volatile unsigned char skc_state;
} __attribute__((preserve_access_index));

struct sock {
	struct sock_common __sk_common;
} __attribute__((preserve_access_index));

struct socket {
	struct sock *sk;
} __attribute__((preserve_access_index));

struct msghdr {
	void *msg_name;
} __attribute__((preserve_access_index));

static __always_inline bool is_ip(unsigned short family)
{
	return family == AF_INET || family == AF_INET6;
}

static __always_inline bool is_ip_socket(struct socket *socket)
{
	struct sock *sock = socket->sk;

	return sock && is_ip(sock->__sk_common.skc_family);
}

static __always_inline bool is_about_caller(void)
{
	return !spared() && (__u32)bpf_get_current_uid_gid() == policy.user;
}

SEC("lsm/socket_connect")
int BPF_PROG(textbook_socket_connect, struct socket *socket)
{
	if (!is_about_caller() || !is_ip_socket(socket))
		return 0;
	return ACT("socket_connect");
}

/* TCP fast open and UDP: the message says where to. */
SEC("lsm/socket_sendmsg")
int BPF_PROG(related_socket_sendmsg, struct socket *socket, struct msghdr *message)
{
	if (!is_about_caller() || !message->msg_name || !is_ip_socket(socket))
		return 0;
	return ACT("socket_sendmsg");
}

/* Who connected it, and which end called, is not known any more. */
SEC("lsm/file_receive")
int BPF_PROG(related_file_receive, struct file *file)
{
	struct socket *socket;
	unsigned char state;

	if (!is_about_caller() || (file->f_inode->i_mode & S_IFMT) != S_IFSOCK)
		return 0;
	socket = file->private_data;
	state = BPF_CORE_READ(socket, sk, __sk_common.skc_state);
	if (state == TCP_CLOSE || state == TCP_LISTEN || !is_ip(BPF_CORE_READ(socket, sk, __sk_common.skc_family)))
		return 0;
	return ACT("file_receive");
}
