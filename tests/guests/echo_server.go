// Sends back what comes, on every connection of the listener that is descriptor 3.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
)

func fail(err error) {
	fmt.Println(err)
	os.Exit(1)
}

func main() {
	syscall.SetNonblock(3, true) // else accepting stops all of Go
	listener, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		fail(err)
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			fail(err)
		}
		go func() {
			defer conn.Close()
			io.Copy(conn, conn)
		}()
	}
}
