"""What server and clients say to each other: rpc.proto, its codecs, and framing."""
