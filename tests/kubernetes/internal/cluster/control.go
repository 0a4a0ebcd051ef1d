package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"
)

// Serve answers, until ctx ends, what Control asks: a line with a command, a line back.
func (c *Cluster) Serve(ctx context.Context) error {
	listener, err := net.Listen("unix", c.path(ControlSocket))
	if err != nil {
		return err
	}
	go func() {
		<-ctx.Done()
		listener.Close()
	}()
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				line, err := bufio.NewReader(connection).ReadString('\n')
				if err != nil {
					return
				}
				if err := c.carryOut(ctx, strings.Fields(line)); err != nil {
					fmt.Fprintln(connection, strings.ReplaceAll(err.Error(), "\n", " "))
					return
				}
				fmt.Fprintln(connection, "ok")
			}()
		}
	}()
	return nil
}

// Commands says what Control understands.
const Commands = `  kill NAME        ends a component with SIGKILL: etcd, kube-apiserver, kube-controller-manager, stand-in
  stop NAME        ends it with SIGTERM
  start NAME [FLAG...]
                   starts it again, with these flags instead of its own of the same names, and waits until it answers
  restart NAME     kill and start
  compact          forgets etcd's history, and restarts kube-apiserver, which remembers some of it by itself
  rotate-serving   gives kube-apiserver a certificate of a new authority; ca.crt is rewritten
  rotate-token     writes a new token of the controller to controller.token, and revokes the one before`

func (c *Cluster) carryOut(ctx context.Context, words []string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	switch {
	case len(words) == 2 && words[0] == "kill":
		return c.End(words[1], true)
	case len(words) == 2 && words[0] == "stop":
		return c.End(words[1], false)
	case len(words) >= 2 && words[0] == "start":
		return c.Run(ctx, words[1], words[2:]...)
	case len(words) == 2 && words[0] == "restart":
		if err := c.End(words[1], true); err != nil {
			return err
		}
		return c.Run(ctx, words[1])
	case len(words) == 1 && words[0] == "compact":
		if err := c.End("kube-apiserver", true); err != nil {
			return err
		}
		if err := c.Compact(ctx); err != nil {
			return err
		}
		return c.Run(ctx, "kube-apiserver")
	case len(words) == 1 && words[0] == "rotate-serving":
		return c.RotateServing(ctx)
	case len(words) == 1 && words[0] == "rotate-token":
		return c.rotateToken(ctx)
	}
	return fmt.Errorf("unknown command %q", strings.Join(words, " "))
}

// Control has the control plane of a folder do something and returns when that is done.
func Control(folder string, words ...string) error {
	connection, err := net.Dial("unix", filepath.Join(folder, ControlSocket))
	if err != nil {
		return fmt.Errorf("no control plane runs in %s: %w", folder, err)
	}
	defer connection.Close()
	if _, err := fmt.Fprintln(connection, strings.Join(words, " ")); err != nil {
		return err
	}
	answer, err := bufio.NewReader(connection).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the control plane ended while it was to %s: %w", strings.Join(words, " "), err)
	}
	if answer = strings.TrimSpace(answer); answer != "ok" {
		return errors.New(answer)
	}
	return nil
}
