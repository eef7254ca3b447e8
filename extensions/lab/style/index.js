import '@nbinterview/proctor/style/check.css';
import '@nbinterview/proctor/style/mesh.css';
import '@nbinterview/replay/style/replay.css';
import './index.css';
